/** An update with another choice of release in the stack's settings file, which stays there only if the update succeeds. */
import { readFile, writeFile } from "node:fs/promises";
import { UserError } from "../shared/cli.ts";
import { settingsFile } from "../../stack/settingsFile.ts";
import type { PulumiCli } from "../../stack/pulumiCli.ts";
import { readOutputs } from "../../stack/stack.ts";
import { update, type View } from "./update.ts";

export interface Choice {
  /** The release that is live once the update has succeeded; undefined: whatever the source makes. */
  readonly release?: string;
  /** Pulumi commands that put the choice into the settings file, such as `config rm berth:canary`. */
  readonly settle?: readonly (readonly string[])[];
  /** The stack as it is just now, where it is known already. */
  readonly view?: View;
  /** What failed, in words: "rollback". */
  readonly what: string;
}

/** Carries the choice out. @throws UserError that says what is live now, with the settings file as it was where that is the old one */
export async function updateSettled(cli: PulumiCli, stack: string, live: string, { release, settle = [], view, what }: Choice): Promise<void> {
  const file = settingsFile(cli.root, stack);
  const before = await readFile(file, "utf8");
  try {
    for (const words of settle) await cli.read([...words, "--stack", stack]);
    // --config also keeps the choice in the settings file: until it is removed, app/ is not built.
    const pin = release === undefined ? [] : ["--config", `berth:release=${release}`];
    await update(cli, stack, ["up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", stack, ...pin], { agreed: true, view });
  } catch (error) {
    const { release: now } = await readOutputs(cli, stack);
    const done = release === undefined ? now !== live : now === release;
    if (!done) await writeFile(file, before);
    const outcome = done ? `release ${now} is live, but the update did not come to its end` : `the ${what} failed, ${now} stays live`;
    throw error instanceof UserError ? new UserError(`${outcome}: ${error.message}`, error.exitCode) : error;
  }
}
