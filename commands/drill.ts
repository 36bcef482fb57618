/** Proves that backups can be restored: restores the newest into a scratch volume and checks it. */
import { Command } from "commander";
import { chooseVolumes, openBackups } from "./backups/context.ts";
import { drill, type Drilled, type Ending } from "./backups/drillOne.ts";
import { timeText } from "./backups/snapshots.ts";
import { main, UserError } from "./shared/cli.ts";
import { openPulumi, type PulumiCli } from "../stack/pulumiCli.ts";

const command = new Command("drill")
  .description(
    "Restores the newest backup of the volumes that are named, else of all, into a scratch volume, and checks it there. What serves is not touched.",
  )
  .argument("[volume...]", "volumes, by their names in the configuration")
  .option("-s, --stack <name>", "stack whose backups to try (default: the selected one, else dev)")
  .option("--json", "print what was found for machines")
  .parse();
const options = command.opts<{ stack?: string; json?: true }>();

let pulumi: PulumiCli | undefined;
const open: Ending[] = [];
let ended = false;

await main(
  async () => {
    pulumi = await openPulumi();
    const context = await openBackups(pulumi, options.stack);
    const drilled: Drilled[] = [];
    const failed: string[] = [];
    for (const volume of chooseVolumes(context, command.args)) {
      if (ended) break;
      try {
        const one = await drill(context, volume, (ending) => open.push(ending));
        drilled.push(one);
        const check = one.check === null ? "there is no check (berth:volumes[].backup.check)" : `the check is content: ${one.check}`;
        const what = `Drill of volume ${one.volume}: backup ${one.backup} of ${timeText({ time: one.made })}`;
        if (!options.json) console.log(`${what} was restored and verified in ${one.seconds.toFixed(1)} s, ${one.files} files; ${check}.`);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        failed.push(`the drill of volume ${volume.volume} failed: ${error.message}`);
      }
    }
    if (options.json) console.log(JSON.stringify(drilled, undefined, 2));
    if (failed.length > 0) throw new UserError(failed.join("\n"));
  },
  {
    onSignal: () => {
      ended = true;
      for (const ending of open) void ending.close().catch(() => undefined); // the work that it ends tells why
      return pulumi?.interrupt();
    },
  },
);
