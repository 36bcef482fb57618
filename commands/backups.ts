/** Lists the backups that there are. */
import Table from "cli-table3";
import { Command } from "commander";
import { listBackups } from "./backups/backUp.ts";
import { chooseVolumes, openBackups } from "./backups/context.ts";
import { sizeText } from "./backups/progress.ts";
import { shortId, timeText } from "./backups/snapshots.ts";
import { openWorkspace } from "./backups/workspace.ts";
import { andThen } from "./shared/cleanUp.ts";
import { main } from "./shared/cli.ts";
import { openPulumi } from "../stack/pulumiCli.ts";

const command = new Command("backups")
  .description("Lists the backups of the volumes that are named, else of all, newest first.")
  .argument("[volume...]", "volumes, by their names in the configuration")
  .option("-s, --stack <name>", "stack to look at (default: the selected one, else dev)")
  .option("--json", "print them for machines")
  .parse();
const options = command.opts<{ stack?: string; json?: true }>();

await main(
  async () => {
    const context = await openBackups(await openPulumi(), options.stack);
    if (command.args.length > 0) chooseVolumes(context, command.args);
    const workspace = await openWorkspace(context.owner, context.backups, { what: "a list of backups" });
    await andThen(async () => {
      const all = await listBackups(context, workspace);
      const backups = all.filter(({ volume }) => command.args.length === 0 || command.args.includes(volume));
      if (options.json) return console.log(JSON.stringify(backups, undefined, 2));
      if (backups.length === 0) return console.log(`There are no backups of stack ${context.stack} at ${context.backups.target} yet.`);
      const table = new Table({ head: ["volume", "backup", "made", "release", "files", "size"], style: { head: [], border: [] } });
      for (const backup of backups) {
        const { volume, release, files, size } = backup;
        table.push([volume, shortId(backup), timeText(backup), release, files, sizeText(size)]);
      }
      console.log(table.toString());
      for (const backup of backups.filter(({ doubt }) => doubt !== "")) {
        console.log(`Backup ${shortId(backup)} of volume ${backup.volume} does not count, and the next one removes it: ${backup.doubt}.`);
      }
    }, workspace.close);
  },
  { onlyReads: true },
);
