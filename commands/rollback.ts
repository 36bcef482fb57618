/** Brings an earlier release back, with its image and its settings. */
import { Command } from "commander";
import { withWait } from "./update/hold.ts";
import { main, paint } from "./shared/cli.ts";
import { openPulumi, type PulumiCli } from "../stack/pulumiCli.ts";
import { chooseRelease } from "./update/releaseChoice.ts";
import { updateSettled } from "./update/settled.ts";
import { checkOutputs } from "../stack/stack.ts";
import { openView } from "./update/update.ts";

const options = withWait(
  new Command("rollback")
    .description("Brings an earlier release back as it was: its image and its settings. Nothing is built.")
    .option("--to <release>", "release to bring back (default: the one that was live before this one)")
    .option("-s, --stack <name>", "stack to roll back (default: the selected one, else dev)"),
)
  .parse()
  .opts<{ to?: string; stack?: string }>();

let pulumi: PulumiCli | undefined;
await main(
  async () => {
    const cli = (pulumi = await openPulumi());
    const { stack, view } = await openView(cli, options.stack);
    const { release: live, releases } = checkOutputs(view.declared.outputs, stack);
    const target = chooseRelease(live, releases, options.to);
    console.log(`Bringing back release ${target.name} (now live: ${live}) on stack ${stack}.`);
    await updateSettled(cli, stack, live, { release: target.name, view, what: "rollback" });
    console.log(
      `\nRelease ${paint("bold", target.name)} is live again. To build app/ again: npm run pulumi -- config rm berth:release --stack ${stack}`,
    );
  },
  { onSignal: () => pulumi?.interrupt() },
);
