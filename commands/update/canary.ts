/** What becomes of a canary: it is made the live release, or it goes. */
import { paint, UserError } from "../shared/cli.ts";
import type { PulumiCli } from "../../stack/pulumiCli.ts";
import { updateSettled } from "./settled.ts";
import type { Outputs } from "../../stack/stack.ts";

const REMOVE = ["config", "rm", "berth:canary"];

/** Makes the canary the live release. @throws UserError where there is none */
export async function promote(cli: PulumiCli, stack: string, { release: live, canary, releases }: Outputs): Promise<void> {
  if (!canary) throw new UserError(`there is no canary on stack ${stack}: try one with pulumi config set --path berth:canary.replicas 1, then npm run up`);
  const earlier = releases.some(({ name }) => name === canary.release);
  console.log(`Making canary ${canary.release} the live release (now live: ${live}) on stack ${stack}.`);
  await updateSettled(cli, stack, live, {
    what: "promotion",
    settle: [REMOVE, ...(earlier ? [] : [["config", "rm", "berth:release"]])],
    ...(earlier && { release: canary.release }),
  });
  console.log(`\nRelease ${paint("bold", canary.release)} is live on all replicas.`);
}

/** Takes the canary away. What was live stays, and is pinned, because the next update would bring the canary's source live. */
export async function abort(cli: PulumiCli, stack: string, { release: live }: Outputs): Promise<void> {
  await updateSettled(cli, stack, live, { what: "abort", settle: [REMOVE], release: live });
  console.log(`\nOnly release ${paint("bold", live)} serves. To build app/ again: npm run pulumi -- config rm berth:release --stack ${stack}`);
}
