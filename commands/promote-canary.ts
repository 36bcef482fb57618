/** Makes the canary the live release. */
import { Command } from "commander";
import { withWait } from "./update/hold.ts";
import { promote } from "./update/canary.ts";
import { main } from "./shared/cli.ts";
import { openPulumi, type PulumiCli } from "../stack/pulumiCli.ts";
import { openStack } from "../stack/stack.ts";

const options = withWait(
  new Command("promote-canary")
    .description("Makes the canary the live release.")
    .option("-s, --stack <name>", "stack to change (default: the selected one, else dev)"),
)
  .parse()
  .opts<{ stack?: string }>();

let pulumi: PulumiCli | undefined;
await main(
  async () => {
    pulumi = await openPulumi();
    const { stack, outputs } = await openStack(pulumi, options.stack);
    await promote(pulumi, stack, outputs);
  },
  { onSignal: () => pulumi?.interrupt() },
);
