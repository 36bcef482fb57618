/** Brings the configured release live. */
import { Command } from "commander";
import { promote } from "./canary.ts";
import { main, paint, UserError } from "./cli.ts";
import { carryOut, findPlan } from "./plan.ts";
import { openPulumi, type PulumiCli } from "./pulumiCli.ts";
import { makeStack, readOutputs } from "./stack.ts";
import { update } from "./update.ts";

const command = new Command("up")
  .description("Shows what will change, asks, and brings it live. Other options go to `pulumi up`.")
  .option("--stack <name>", "stack to update (default: the selected one, else dev)")
  .option("--plan <id>", "do exactly what a kept preview said (npm run preview -- --save), or stop before the first change")
  .option("--yes", "do not ask")
  .option("--outputs", "show the stack's outputs too")
  .allowUnknownOption()
  .allowExcessArguments()
  .parse();
const options = command.opts<{ stack?: string; plan?: string; yes?: true; outputs?: true }>();

let pulumi: PulumiCli | undefined;
await main(
  async () => {
    if (!options.yes && !process.stdin.isTTY) throw new UserError("there is no terminal to ask on: add --yes (npm run up -- --yes)");
    pulumi = await openPulumi();
    const plan = options.plan === undefined ? undefined : await findPlan(pulumi.root, options.plan, options.stack);
    const stack = plan?.stack ?? (await makeStack(pulumi, options.stack));
    const asking = options.yes ? ["--yes", ...(plan ? [] : ["--skip-preview"])] : []; // the plan is held against a preview first
    const words = [...asking, ...(options.outputs ? [] : ["--suppress-outputs"]), ...command.args];
    if (plan) await carryOut(pulumi, plan, words);
    else await update(pulumi, stack, ["up", "--stack", stack, ...words], { agreed: options.yes === true });
    const outputs = await readOutputs(pulumi, stack);
    const { url, release, canary } = outputs;
    if (canary?.promote && canary.verdict === "good") return promote(pulumi, stack, outputs);
    if (canary) console.log(`\nCanary ${canary.release} has its share of the traffic (${canary.verdict || "not watched"}): npm run promote-canary or npm run abort-canary`);
    console.log(`\nRelease ${paint("bold", release)} is live on ${stack}: ${paint("green", url)}`);
  },
  { onSignal: (signal) => pulumi?.interrupt(signal) },
);
