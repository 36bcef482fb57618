/** What becomes of a canary: it is made the live release, or it goes. */
import { paint, UserError } from "../shared/cli.ts";
import type { PulumiCli } from "../../stack/pulumiCli.ts";
import { readConfig } from "../../stack/settingsFile.ts";
import { updateSettled } from "./settled.ts";
import type { Outputs } from "../../stack/stack.ts";

const CANARY = "berth:canary";

/** Makes the canary the live release. @throws UserError where there is none */
export async function promote(cli: PulumiCli, stack: string, { release: live, canary, releases }: Outputs): Promise<void> {
  if (!canary)
    throw new UserError(
      `there is no canary on stack ${stack}: try one with pulumi config set --path berth:canary.replicas 1, then npm run up`,
    );
  const earlier = releases.some(({ name }) => name === canary.release);
  console.log(`Making canary ${canary.release} the live release (now live: ${live}) on stack ${stack}.`);
  await updateSettled(cli, stack, live, {
    what: "promotion",
    remove: [CANARY, ...(earlier ? [] : ["berth:release"])],
    ...(earlier && { release: canary.release }),
  });
  console.log(`\nRelease ${paint("bold", canary.release)} is live on all replicas.`);
}

/**
 * Takes the canary away, also one that is in the settings and has never come up. What was live stays, and is pinned, because the next
 * update would bring the canary's source live. @throws UserError where there is none
 */
export async function abort(cli: PulumiCli, stack: string, { release: live, canary }: Outputs): Promise<void> {
  if (!canary && (await readConfig(cli.root, stack))[CANARY] === undefined) {
    throw new UserError(`there is no canary on stack ${stack}, only release ${live}: nothing was changed`);
  }
  await updateSettled(cli, stack, live, { what: "abort", remove: [CANARY], release: live });
  console.log(
    `\nOnly release ${paint("bold", live)} serves. To build app/ again: npm run pulumi -- config rm berth:release --stack ${stack}`,
  );
}
