/** What is not as it should be once the update has run that puts all right. */
import { type Ground, KEEP } from "./ground.ts";
import { storedNotes, wrongNotes } from "./notes.ts";
import type { Ended } from "./update.ts";
import { updateProcesses } from "./updateProcesses.ts";
import { differences, recorded, type Recorded } from "./view.ts";

export interface Wanted {
  readonly greeting: string;
  readonly before: Recorded;
  readonly acknowledged: readonly string[];
}

/** What is not as it should be after an update; nothing where all is. */
export async function problemsOf(ground: Ground, ended: Ended | undefined, { greeting, before, acknowledged }: Wanted): Promise<string[]> {
  const { checkout } = ground;
  let now: Recorded;
  try {
    now = await recorded(checkout);
  } catch (error) {
    return [`npm run up ended with ${ended?.code ?? "nothing"}`, `Pulumi's record cannot be read: ${(error as Error).message}`];
  }
  const answers = await Promise.all(Array.from({ length: 4 }, () => ground.about()));
  const wrong = answers.find((answer) => answer?.greeting !== greeting || answer.release !== now.release);
  const ledger = [now.release, ...before.ledger.filter((name) => name !== now.release)].slice(0, KEEP + 1);
  const strays = updateProcesses(checkout.folder);
  return [
    ...(ended?.code === 0 ? [] : [`npm run up ended with ${ended?.code ?? "nothing"}${ended?.hung ? " (it hung)" : ""}`]),
    ...(answers.includes(undefined)
      ? ["the app does not answer"]
      : wrong
        ? [`"${wrong.greeting}" of release ${wrong.release} serves, wanted "${greeting}" of ${now.release}`]
        : []),
    ...(now.ledger.join() === ledger.join() && now.release !== before.release
      ? []
      : [`the ledger is ${now.ledger.join(", ")}, wanted ${ledger.join(", ")}`]),
    ...(await differences(checkout.stack, now)),
    ...strays.map(({ commandLine }) => `left over: process ${commandLine.slice(0, 80)}`),
    ...wrongNotes(acknowledged, await storedNotes(checkout.url).catch(() => new Map<string, number>())),
  ];
}
