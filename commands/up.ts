/** Brings the configured release live. */
import { agree } from "./shared/agree.ts";
import { checkoutRoot } from "../toolchain/root.ts";
import { promote } from "./update/canary.ts";
import { main, paint, UserError } from "./shared/cli.ts";
import { pulumiCommand, refuseOtherStack, type SharedOptions, wordsFor } from "./shared/pulumiCommand.ts";
import { openPulumi, type PulumiCli } from "../stack/pulumiCli.ts";
import { makeStack, readOutputs } from "../stack/stack.ts";
import { mendRecords } from "../stack/mendRecords.ts";
import { type Detached, startDetached } from "./update/detached.ts";
import { withWait } from "./update/hold.ts";
import { update } from "./update/update.ts";

const command = withWait(
  pulumiCommand("up", "update", "Shows what will change, asks, and brings it live.")
    .option("--plan <id>", "do exactly what a kept preview said (npm run preview -- --save), or stop before the first change")
    .option("-y, --yes", "do not ask")
    .option("--detach", "go on where the terminal is lost; wants --yes"),
).parse();
const options = command.opts<SharedOptions & { plan?: string; yes?: true; detach?: true }>();

let pulumi: PulumiCli | undefined;
let detached: Detached | undefined;
await main(
  async () => {
    refuseOtherStack(command);
    if (!options.yes && !process.stdin.isTTY) throw new UserError("there is no terminal to ask on: add --yes (npm run up -- --yes)");
    if (options.detach) return goOnAlone();
    pulumi = await openPulumi();
    await mendRecords(pulumi);
    const plans = options.plan === undefined ? undefined : await import("./plans/plan.ts"); // an update without one loads half as much
    const plan = await plans?.findPlan(pulumi.root, options.plan ?? "", options.stack);
    const stack = plan?.stack ?? (await makeStack(pulumi, options.stack));
    const agreed = options.yes === true;
    const words = wordsFor(command, stack);
    if (plans && plan) {
      await agree({ text: `Do on stack ${stack} exactly what plan ${plan.id} said?`, wanted: "y", agreed });
      await plans.carryOut(pulumi, plan, ["--yes", ...words]); // it is held against a preview first
    } else await update(pulumi, stack, ["up", ...(agreed ? ["--yes", "--skip-preview"] : []), ...words], { agreed });
    const outputs = await readOutputs(pulumi, stack);
    const { url, release, canary } = outputs;
    if (canary?.promote && canary.verdict === "good") return promote(pulumi, stack, outputs);
    if (canary)
      console.log(
        `\nCanary ${canary.release} has its share of the traffic (${canary.verdict || "not watched"}): npm run promote-canary or npm run abort-canary`,
      );
    console.log(`\nRelease ${paint("bold", release)} is live on ${stack}: ${paint("green", url)}`);
  },
  { onSignal: (signal) => (detached ? signal !== "SIGHUP" && detached.process.kill("SIGINT") : pulumi?.interrupt()) },
);

/** The same update as a process that this one only watches. */
async function goOnAlone(): Promise<number> {
  if (!options.yes) throw new UserError("an update that goes on alone has nobody to ask: add --yes (npm run up -- --detach --yes)");
  detached = await startDetached(
    checkoutRoot(),
    process.argv.slice(2).filter((word) => word !== "--detach"),
  );
  console.log(
    `This update goes on where the terminal is lost. Watch it: tail -f ${detached.file}  End it in order: kill -INT ${detached.process.pid}`,
  );
  return detached.follow();
}
