/** A backup into a new volume of the engine: whole and verified, or not at all. */
import { randomBytes } from "node:crypto";
import { listContainers, removeContainer } from "../../engine/containers.ts";
import { LABEL, labels, ownedBy, type Owner, type Part } from "../../release/labels.ts";
import { createVolume, listVolumes, removeVolume } from "../../engine/volumes.ts";
import type { BackupsSettings } from "../../settings/settings.ts";
import { andThen } from "../shared/cleanUp.ts";
import { UserError } from "../shared/cli.ts";
import { showProgress, sizeText } from "./progress.ts";
import { explain, messagesOf } from "./resticErrors.ts";
import { type Backup, shortId } from "./snapshots.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";
import { VOLUME } from "./workspaceSpec.ts";

/** What has to stay free on the engine's disk, in bytes: the app writes there, too. */
const RESERVE = 256 * 1024 ** 2;
/** restic tells nothing while it verifies: seconds that may pass without a sign, and more at this pace, in bytes a second. */
const SILENCE = { least: 900, pace: 4 * 1024 ** 2 };
/** Label of the mark of a volume that is not whole yet; its value is the volume's name. */
const UNFINISHED = "berth.unfinished";

/** A volume that is being filled. */
export interface NewVolume {
  readonly name: string;
  /** Takes away the mark that it is not whole: it is kept from then on. */
  readonly keep: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

/**
 * Makes an empty volume. Labels of a volume never change, so that it is not whole yet is told by another volume, which
 * is there from before until after: whatever cuts the work off, `removeUnfinished` finds it. @throws EngineError
 */
export async function newVolume(owner: Owner, volume: string, part: Part & ("data" | "backup")): Promise<NewVolume> {
  const name = `${owner.project}-${owner.stack}-${volume}-${part === "data" ? "restored" : "drill"}-${randomBytes(4).toString("hex")}`;
  const mark = `${name}-unfinished`;
  await createVolume(mark, labels(owner, "backup", { [LABEL.volume]: volume, [UNFINISHED]: name }));
  await createVolume(name, labels(owner, part, { [LABEL.volume]: volume }));
  const keep = async () => void (await removeVolume(mark));
  return {
    name,
    keep,
    async remove() {
      await removeVolume(name);
      await keep();
    },
  };
}

/**
 * Removes what restores and drills of this volume have left that were killed, with the containers that have it mounted. To be
 * called by who works on the volume's backups alone.
 * @param inUse engine's names of the volumes that serve @throws EngineError
 */
export async function removeUnfinished(owner: Owner, volume: string, inUse: readonly string[]): Promise<void> {
  for (const { Name, Labels } of await listVolumes(ownedBy(owner, `${LABEL.volume}=${volume}`, UNFINISHED))) {
    const name = Labels?.[UNFINISHED] ?? "";
    if (name !== "" && !inUse.includes(name)) {
      // One that was made and never started holds the volume, too, and never ends.
      for (const { Id } of await listContainers({ ...ownedBy(owner), volume: [name] }, { all: true })) await removeContainer(Id);
      await removeVolume(name);
    }
    await removeVolume(Name);
  }
}

/** Fills the volume. @throws UserError where the backup is damaged, or there is no room: what is in the volume then is worth nothing */
export async function restoreInto(
  owner: Owner,
  backups: BackupsSettings,
  backup: Backup,
  volume: string,
  onOpen: (workspace: Workspace) => void,
): Promise<void> {
  const workspace = await openWorkspace(owner, backups, { what: "restore", mount: { source: volume, write: true } });
  onOpen(workspace);
  await andThen(() => fill(workspace, backups, backup), workspace.close);
}

async function fill(workspace: Workspace, { target }: BackupsSettings, backup: Backup): Promise<void> {
  const free = freeIn(await workspace.run("df", "-P", "-k", VOLUME));
  if (free - backup.size < RESERVE) {
    const room = `the engine's disk has ${sizeText(free)} free, of which ${sizeText(RESERVE)} are left to the app`;
    throw new UserError(`backup ${shortId(backup)} takes ${sizeText(backup.size)}, and ${room}: make room there`);
  }
  const progress = showProgress(`backup ${shortId(backup)}`);
  const words = ["restore", "--json", "--verify", "--sparse", "--target", "/", "--include", VOLUME, backup.id];
  const idle = SILENCE.least + backup.size / SILENCE.pace;
  const { code, stdout, stderr } = await workspace.tryRestic(words, { onLine: progress.line, idle }).finally(progress.end);
  const why = messagesOf(stderr).length > 0 ? stderr : "";
  if (code !== 0) throw new UserError(`backup ${shortId(backup)} could not be restored: ${explain(code, why, target)}`);
  const lack = lackOf(backup, stdout);
  if (lack !== "") throw new UserError(lack);
}

/**
 * What a restore lacks that restic calls a good one; "" where nothing. Pure.
 * @param stdout what restic printed, whose last line says how many files and folders there are, the volume's own among them
 */
export function lackOf(backup: Backup, stdout: string): string {
  const line = stdout.split("\n").find((text) => text.startsWith('{"message_type":"summary"'));
  const { files_restored: restored = 0 } = JSON.parse(line ?? "{}") as { files_restored?: number };
  if (backup.files === 0 || restored > backup.files) return "";
  const has = `backup ${shortId(backup)} has ${backup.files} files, and ${Math.max(0, restored - 1)} were restored from it`;
  return `${has}: it is worth nothing. Try another one: npm run backups`;
}

/** Free bytes, out of what `df -P -k` prints. Pure. */
export const freeIn = (df: string): number => Number(df.trim().split("\n").at(-1)?.split(/\s+/)[3] ?? 0) * 1024;
