/** Brings the configured release live. */
import { promote } from "./update/canary.ts";
import { main, paint, UserError } from "./shared/cli.ts";
import { carryOut, findPlan } from "./plans/plan.ts";
import { pulumiCommand, type SharedOptions, wordsFor } from "./shared/pulumiCommand.ts";
import { openPulumi, type PulumiCli } from "../stack/pulumiCli.ts";
import { makeStack, readOutputs } from "../stack/stack.ts";
import { mendRecords } from "../stack/mendRecords.ts";
import { update } from "./update/update.ts";

const command = pulumiCommand("up", "update", "Shows what will change, asks, and brings it live.")
  .option("--plan <id>", "do exactly what a kept preview said (npm run preview -- --save), or stop before the first change")
  .option("--yes", "do not ask")
  .parse();
const options = command.opts<SharedOptions & { plan?: string; yes?: true }>();

let pulumi: PulumiCli | undefined;
await main(
  async () => {
    if (!options.yes && !process.stdin.isTTY) throw new UserError("there is no terminal to ask on: add --yes (npm run up -- --yes)");
    pulumi = await openPulumi();
    await mendRecords(pulumi);
    const plan = options.plan === undefined ? undefined : await findPlan(pulumi.root, options.plan, options.stack);
    const stack = plan?.stack ?? (await makeStack(pulumi, options.stack));
    const asking = options.yes ? ["--yes", ...(plan ? [] : ["--skip-preview"])] : []; // the plan is held against a preview first
    const words = [...wordsFor(command, stack), ...asking];
    if (plan) await carryOut(pulumi, plan, words);
    else await update(pulumi, stack, ["up", ...words], { agreed: options.yes === true });
    const outputs = await readOutputs(pulumi, stack);
    const { url, release, canary } = outputs;
    if (canary?.promote && canary.verdict === "good") return promote(pulumi, stack, outputs);
    if (canary) console.log(`\nCanary ${canary.release} has its share of the traffic (${canary.verdict || "not watched"}): npm run promote-canary or npm run abort-canary`);
    console.log(`\nRelease ${paint("bold", release)} is live on ${stack}: ${paint("green", url)}`);
  },
  { onSignal: (signal) => pulumi?.interrupt(signal) },
);
