/** From a bare machine to a live app: sets the machine up, brings stack dev live, says where. */
import { Command } from "commander";
import { withWait } from "./update/hold.ts";
import { main, paint } from "./shared/cli.ts";
import { openPulumi, type PulumiCli } from "../stack/pulumiCli.ts";
import { makeStack, DEFAULT_STACK, readOutputs } from "../stack/stack.ts";
import { update } from "./update/update.ts";

const options = withWait(
  new Command("start")
    .description("Sets this machine up, brings the app live and prints where it is.")
    .option("-s, --stack <name>", "stack to bring live", DEFAULT_STACK),
)
  .parse()
  .opts<{ stack: string }>();

let pulumi: PulumiCli | undefined;
await main(
  async () => {
    pulumi = await openPulumi();
    const stack = await makeStack(pulumi, options.stack);
    await pulumi.read(["stack", "select", stack]); // plain `pulumi preview` works on it from now on
    await update(pulumi, stack, ["up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", stack], { agreed: true });
    const { url, release } = await readOutputs(pulumi, stack);
    console.log(`\nYour app is live: ${paint(["bold", "green"], url)}  (release ${release}, stack ${stack})`);
    console.log("Change something in app/, then: npm run preview, npm run up. Back again: npm run rollback");
  },
  { onSignal: () => pulumi?.interrupt() },
);
