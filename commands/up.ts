/** Brings the configured release live. */
import { Command } from "commander";
import { main, paint, UserError } from "./cli.ts";
import { openPulumi, type PulumiCli } from "./pulumiCli.ts";
import { makeStack, readOutputs } from "./stack.ts";
import { update } from "./update.ts";

const command = new Command("up")
  .description("Shows what will change, asks, and brings it live. Other options go to `pulumi up`.")
  .option("--stack <name>", "stack to update (default: the selected one, else dev)")
  .option("--yes", "do not ask")
  .option("--outputs", "show the stack's outputs too")
  .allowUnknownOption()
  .allowExcessArguments()
  .parse();
const options = command.opts<{ stack?: string; yes?: true; outputs?: true }>();

let pulumi: PulumiCli | undefined;
await main(
  async () => {
    if (!options.yes && !process.stdin.isTTY) throw new UserError("there is no terminal to ask on: add --yes (npm run up -- --yes)");
    pulumi = await openPulumi();
    const stack = await makeStack(pulumi, options.stack);
    const asking = options.yes ? ["--yes", "--skip-preview"] : [];
    const words = ["up", "--stack", stack, ...asking, ...(options.outputs ? [] : ["--suppress-outputs"]), ...command.args];
    await update(pulumi, stack, words, { agreed: options.yes === true });
    const { url, release } = await readOutputs(pulumi, stack);
    console.log(`\nRelease ${paint("bold", release)} is live on ${stack}: ${paint("green", url)}`);
  },
  { onSignal: (signal) => pulumi?.interrupt(signal) },
);
