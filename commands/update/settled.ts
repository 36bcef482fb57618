/** An update with another choice of release in the stack's settings file, which stays there only if the update succeeds. */
import { UserError } from "../shared/cli.ts";
import { readSettings, restoreSettings } from "../../stack/restoreSettings.ts";
import { settingsFile } from "../../stack/settingsFile.ts";
import type { PulumiCli } from "../../stack/pulumiCli.ts";
import { readOutputs } from "../../stack/stack.ts";
import { update, type View } from "./update.ts";

const RELEASE = "berth:release";

export interface Choice {
  /** The release that is live once the update has succeeded; undefined: whatever the source makes. */
  readonly release?: string;
  /** Keys that go from the settings file, such as "berth:canary". */
  readonly remove?: readonly string[];
  /** The stack as it is just now, where it is known already. */
  readonly view?: View;
  /** What failed, in words: "rollback". */
  readonly what: string;
}

/**
 * Carries the choice out.
 * @throws UserError that says what is live now; where that is the old release, the keys of the choice are in the settings file as they
 * were, and what somebody else has written there meanwhile stays
 */
export async function updateSettled(cli: PulumiCli, stack: string, live: string, choice: Choice): Promise<void> {
  const { release, remove = [], view } = choice;
  const before = await readSettings(settingsFile(cli.root, stack));
  try {
    for (const key of remove) await cli.read(["config", "rm", key, "--stack", stack]);
    // --config also keeps the choice in the settings file: until it is removed, app/ is not built.
    const pin = release === undefined ? [] : ["--config", `${RELEASE}=${release}`];
    await update(cli, stack, ["up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", stack, ...pin], { agreed: true, view });
  } catch (error) {
    const outcome = await outcomeOf(cli, stack, live, choice, before);
    throw error instanceof UserError ? new UserError(`${outcome}: ${error.message}`, error.exitCode) : error;
  }
}

/** What has become of a choice that failed, in words; takes it out of the settings file where it has come to nothing. */
async function outcomeOf(cli: PulumiCli, stack: string, live: string, choice: Choice, before: string): Promise<string> {
  const { release, remove = [], what } = choice;
  let now: string | undefined;
  try {
    now = (await readOutputs(cli, stack)).release;
    if (release === undefined ? now !== live : now === release) return `release ${now} is live, but the update did not come to its end`;
    await restoreSettings(
      settingsFile(cli.root, stack),
      before,
      [RELEASE, ...remove].map((key) => [key]),
    );
    return `the ${what} failed, ${now} stays live`;
  } catch (second) {
    const { message } = second as Error; // what failed first is what there is to mend
    if (now !== undefined) return `the ${what} failed, ${now} stays live; ${message}`;
    return `the ${what} failed, what is live now is unknown (${message}), and the choice stays in the settings file`;
  }
}
