/** Says what `up` would change. */
import { Command } from "commander";
import { main } from "./cli.ts";
import { openPulumi, type PulumiCli } from "./pulumiCli.ts";
import { makeStack } from "./stack.ts";

const command = new Command("preview")
  .description("Says what `npm run up` would change. Other options go to `pulumi preview`.")
  .option("--stack <name>", "stack to look at (default: the selected one, else dev)")
  .option("--json", "print the changes for machines")
  .option("--outputs", "show the stack's outputs too")
  .allowUnknownOption()
  .allowExcessArguments()
  .parse();
const options = command.opts<{ stack?: string; json?: true; outputs?: true }>();

let pulumi: PulumiCli | undefined;
await main(
  async () => {
    pulumi = await openPulumi();
    const stack = await makeStack(pulumi, options.stack);
    const words = ["preview", "--stack", stack, ...(options.outputs ? [] : ["--suppress-outputs"]), ...command.args];
    if (options.json) return pulumi.run([...words, "--json"]);
    await pulumi.change(words);
    return 0;
  },
  { onSignal: (signal) => pulumi?.interrupt(signal) },
);
