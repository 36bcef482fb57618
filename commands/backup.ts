/** Backs volumes up: all that are configured so, those that are named, or those that are due. */
import { Command } from "commander";
import { backUp, describe, type Made } from "./backups/backUp.ts";
import { chooseVolumes, openBackups } from "./backups/context.ts";
import { readRecords } from "./backups/records.ts";
import { isDue } from "./backups/schedule.ts";
import { Busy, type Workspace } from "./backups/workspace.ts";
import { main, paint, UserError } from "./shared/cli.ts";
import { openPulumi, type PulumiCli } from "../stack/pulumiCli.ts";

const command = new Command("backup")
  .description("Backs up the volumes that are named, else all that have a backup in berth:volumes.")
  .argument("[volume...]", "volumes, by their names in the configuration")
  .option("--due", "only those whose schedule has had a time since their last backup; says nothing where there are none")
  .option("--accept", "count what is in a volume now as a backup, though it has far less in it than the last one, or is another volume")
  .option("--init", "begin a new repository where the one before is gone")
  .option("-s, --stack <name>", "stack to back up (default: the selected one, else dev)")
  .option("--json", "print what was done for machines")
  .parse();
const options = command.opts<{ due?: true; accept?: true; init?: true; stack?: string; json?: true }>();

let pulumi: PulumiCli | undefined;
let open: Workspace | undefined;
let ended = false;

await main(
  async () => {
    pulumi = await openPulumi();
    const context = await openBackups(pulumi, options.stack);
    const asked = chooseVolumes(context, command.args);
    const due = async (volume: (typeof asked)[number]) => isDue(volume, await readRecords(context.owner), new Date());
    const made: Made[] = [];
    const failed: string[] = [];
    for (const volume of asked) {
      if (ended || (options.due && !(await due(volume)))) continue;
      try {
        const one = await backUp(context, volume, {
          init: options.init === true,
          accepted: options.accept === true,
          ...(options.due && { stillDue: () => due(volume) }),
          onOpen: (workspace) => (open = workspace),
        });
        if (!one) continue;
        made.push(one);
        if (!options.json) console.log(describe(one));
        for (const warning of one.warnings) console.error(`${paint("yellow", "warning:")} ${warning}`);
      } catch (error) {
        if (error instanceof Busy && options.due) continue; // it is being made
        if (!(error instanceof UserError)) throw error;
        failed.push(`volume ${volume.volume} was not backed up: ${error.message}`);
      }
    }
    if (options.json) console.log(JSON.stringify(made, undefined, 2));
    if (failed.length > 0) throw new UserError(failed.join("\n"));
  },
  {
    onSignal: () => {
      ended = true;
      void open?.close().catch(() => undefined); // the work that it ends tells why
      return pulumi?.interrupt();
    },
  },
);
