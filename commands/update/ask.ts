/** The question before an update. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agree } from "../shared/agree.ts";
import { type EngineEvent, readEvents } from "../../stack/events.ts";
import type { PulumiCli } from "../../stack/pulumiCli.ts";

/** Options of `pulumi up` that `pulumi preview` does not know, none of which says what will change. */
const OF_UP_ONLY = /^(--continue-on-error|--strict|--skip-preview|-f|-y|--secrets-provider=.*)$/;
/** One more, whose value is a word of its own. */
const WITH_VALUE = "--secrets-provider";

/** Shows what an update with these words would change, and asks. @throws UserError where a person does not agree */
export async function showAndAsk(cli: PulumiCli, stack: string, words: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "berth-preview-"));
  try {
    const log = join(folder, "events");
    await cli.change(previewWords(words), log);
    if (!changesSomething(readEvents(await readFile(log, "utf8")))) return; // there is nothing to agree to
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await agree({
    text: `Do this on stack ${stack}? (npm run preview -- --diff --stack ${stack} shows each value)`,
    wanted: "y",
    agreed: false,
  });
}

/** The words of a preview of what `pulumi up` with its words would do. Pure. */
export const previewWords = ([, ...words]: readonly string[]): string[] => [
  "preview",
  ...words.filter((word, index) => !OF_UP_ONLY.test(word) && word !== WITH_VALUE && words[index - 1] !== WITH_VALUE),
];

/** What Pulumi does to a resource and changes nothing by it. */
const NO_CHANGE = ["same", "read"];

/** Whether a preview with these events says that something would change. Pure. */
export const changesSomething = (events: readonly EngineEvent[]): boolean =>
  events.some(({ summaryEvent }) =>
    Object.entries(summaryEvent?.resourceChanges ?? {}).some(([operation, number]) => !NO_CHANGE.includes(operation) && number > 0),
  );
