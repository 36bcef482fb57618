/** Brings a volume's data back from a backup: into a new volume, which then takes the place of the one that serves. */
import { Command } from "commander";
import { listBackups } from "./backups/backUp.ts";
import { chooseVolumes, type Context, engineNameOf, existingOf, openBackups } from "./backups/context.ts";
import { sizeText } from "./backups/progress.ts";
import { newVolume, removeUnfinished, restoreInto } from "./backups/restoreInto.ts";
import { chooseBackup, shortId, timeText } from "./backups/snapshots.ts";
import { swapVolume } from "./backups/swap.ts";
import { openWorkspace, type Workspace } from "./backups/workspace.ts";
import { agree } from "./shared/agree.ts";
import { holdStack, withWait } from "./update/hold.ts";
import { andThen, orUndo } from "./shared/cleanUp.ts";
import { main, paint, UserError } from "./shared/cli.ts";
import { openPulumi, type PulumiCli } from "../stack/pulumiCli.ts";
import { refuseIfHeld } from "../stack/pulumiLock.ts";
import { partIs, LABEL, ownedBy } from "../release/labels.ts";
import { findVolume, listVolumes } from "../engine/volumes.ts";

const command = withWait(
  new Command("restore")
    .description("Restores a backup into a new volume, verifies it, and puts it in the place of the one that serves, which is kept.")
    .argument("<volume>", "volume, by its name in the configuration")
    .option("--backup <id>", "which one (npm run backups)", "latest")
    .option("--kept <volume>", "instead of a backup: an earlier volume that a restore has kept, by the engine's name")
    .option("-s, --stack <name>", "stack to restore (default: the selected one, else dev)")
    .option("--yes", "do not ask"),
).parse();
const options = command.opts<{ backup: string; kept?: string; stack?: string; yes?: true }>();
const [volume = ""] = command.args;

let pulumi: PulumiCli | undefined;
const open: Workspace[] = [];
let ended = false;

await main(
  async () => {
    pulumi = await openPulumi();
    const context = await openBackups(pulumi, options.stack);
    chooseVolumes(context, [volume]);
    const from = engineNameOf(context, volume);
    await refuseUnsettled(context);
    const held = await openWorkspace(context.owner, context.backups, { what: "restore", volume });
    open.push(held);
    const { kept } = options;
    await andThen(() => (kept === undefined ? restoreBackup(context, held, from) : restoreKept(context, from, kept)), held.close);
  },
  {
    onSignal: () => {
      ended = true;
      for (const workspace of open) void workspace.close().catch(() => undefined); // the work that it ends tells why
      return pulumi?.interrupt();
    },
  },
);

async function restoreBackup(context: Context, held: Workspace, from: string): Promise<void> {
  const {
    cli,
    stack,
    owner,
    backups,
    declared,
    outputs: { release },
  } = context;
  const backup = chooseBackup(await listBackups(context, held), volume, options.backup);
  await confirm(
    [
      `This brings the data of volume ${volume} on stack ${stack} back to ${timeText(backup)} ` +
        `(backup ${shortId(backup)}, ${backup.files} files, ${sizeText(backup.size)}).`,
      ...(backup.release === release
        ? []
        : [
            `The release that was live then is ${backup.release}; ${release} will run on its data, and a migration that it had does not run again.`,
          ]),
      ...(backup.doubt === "" ? [] : [`It does not count as a backup: ${backup.doubt}.`]),
      (await findVolume(from))
        ? `What was written since is not in it. The volume that serves now, ${from}, is kept.`
        : `The volume of before, ${from}, is not on the engine any more.`,
    ].join("\n"),
  );
  await removeUnfinished(
    owner,
    volume,
    declared.volumes.map(({ name }) => name),
  );
  const made = await newVolume(owner, volume, "data");
  await orUndo(async () => {
    await restoreInto(owner, backups, backup, made.name, (workspace) => open.push(workspace));
    if (ended) throw new UserError("it was interrupted; nothing was changed");
    console.log(`Backup ${shortId(backup)} is restored and verified, in volume ${made.name}.`);
    if (existingOf(context, volume) === undefined) console.log(`It takes the place of ${from} now.`);
  }, made.remove);
  if (existingOf(context, volume) !== undefined) {
    await made.keep();
    return console.log(
      `\nVolume ${from} is not Berth's own, so nothing takes its place by itself. Have ${made.name} mounted instead: npm run pulumi -- config set --path 'berth:volumes[${indexOf(context)}].existing' ${made.name} --stack ${stack}, then npm run up -- --stack ${stack}`,
    );
  }
  await swapVolume(cli, stack, { volume, from, to: made.name, release, exclusive: isAccessory(context), onSwapped: made.keep });
  done(stack, from, made.name);
}

function indexOf({ outputs }: Context): number {
  const live = outputs.releases.find(({ name }) => name === outputs.release);
  return live?.settings.volumes.findIndex(({ name }) => name === volume) ?? 0;
}

/** Whether no release mounts the volume. */
function isAccessory(context: Context): boolean {
  return indexOf(context) === -1;
}

async function restoreKept(context: Context, from: string, to: string): Promise<void> {
  const {
    cli,
    stack,
    owner,
    outputs: { release },
  } = context;
  const mine = await listVolumes(ownedBy(owner, partIs("data"), `${LABEL.volume}=${volume}`));
  const kept = mine.map(({ Name }) => Name).filter((name) => name !== from);
  if (!kept.includes(to))
    throw new UserError(`${to} is no volume that was kept of ${volume} on stack ${stack} (known: ${kept.join(", ") || "none"})`);
  await confirm(`This puts volume ${to} in the place of ${from}, which serves the data of ${volume} on stack ${stack} now and is kept.`);
  await swapVolume(cli, stack, { volume, from, to, release, exclusive: isAccessory(context) });
  done(stack, from, to);
}

function done(stack: string, from: string, to: string): void {
  console.log(`\nVolume ${paint("bold", to)} serves the data of ${volume} on stack ${stack}. The data of before are kept in ${from}.`);
  console.log(
    `Back to them: npm run restore -- ${volume} --kept ${from} --stack ${stack}. Delete what no longer serves: npm run prune -- --with-data --stack ${stack}`,
  );
}

/** Two releases at once, or one that is half made, are no ground to put other data under. */
async function refuseUnsettled({ cli, stack, owner, declared, outputs }: Context): Promise<void> {
  await holdStack(cli, owner);
  await refuseIfHeld(cli, stack);
  if (declared.pending > 0)
    throw new UserError(`an update of stack ${stack} was cut off: end it first with npm run up -- --stack ${stack}`);
  if (outputs.canary)
    throw new UserError(
      `a canary has its share of the traffic on stack ${stack}: end it first with npm run abort-canary or npm run promote-canary`,
    );
}

async function confirm(what: string): Promise<void> {
  console.log(what);
  await agree({ text: "Go on?", wanted: "y", agreed: options.yes === true });
}
