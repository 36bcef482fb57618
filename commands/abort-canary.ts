/** Takes the canary away; the live release stays, and is pinned. */
import { Command } from "commander";
import { withWait } from "./update/hold.ts";
import { abort } from "./update/canary.ts";
import { main } from "./shared/cli.ts";
import { openPulumi, type PulumiCli } from "../stack/pulumiCli.ts";
import { openStack } from "../stack/stack.ts";

const options = withWait(
  new Command("abort-canary")
    .description("Takes the canary away; the live release stays, and is pinned.")
    .option("-s, --stack <name>", "stack to change (default: the selected one, else dev)"),
)
  .parse()
  .opts<{ stack?: string }>();

let pulumi: PulumiCli | undefined;
await main(
  async () => {
    pulumi = await openPulumi();
    const { stack, outputs } = await openStack(pulumi, options.stack);
    await abort(pulumi, stack, outputs);
  },
  { onSignal: () => pulumi?.interrupt() },
);
