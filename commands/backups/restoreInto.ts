/** A backup into a new volume of the engine: whole and verified, or not at all. */
import { randomBytes } from "node:crypto";
import { labelWords, ownedBy, type Owner, type Part } from "../../engine/labels.ts";
import type { BackupsSettings } from "../../settings/settings.ts";
import { UserError } from "../shared/cli.ts";
import { docker } from "../../engine/containers.ts";
import { showProgress, sizeText } from "./progress.ts";
import { explain, messagesOf } from "./resticErrors.ts";
import { type Backup, shortId } from "./snapshots.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";
import { VOLUME } from "./workspaceFlags.ts";

/** What has to stay free on the engine's disk, in bytes: the app writes there, too. */
const RESERVE = 256 * 1024 ** 2;
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
 * is there from before until after: whatever cuts the work off, `removeUnfinished` finds it.
 */
export async function newVolume(owner: Owner, volume: string, part: Part & ("data" | "backup")): Promise<NewVolume> {
  const name = `${owner.project}-${owner.stack}-${volume}-${part === "data" ? "restored" : "drill"}-${randomBytes(4).toString("hex")}`;
  const mark = await docker("volume", "create", ...labelWords(owner, "backup", { "berth.volume": volume, [UNFINISHED]: name }), `${name}-unfinished`);
  await docker("volume", "create", ...labelWords(owner, part, { "berth.volume": volume }), name);
  const keep = async () => void (await docker("volume", "rm", "--force", mark));
  return {
    name,
    keep,
    async remove() {
      await docker("volume", "rm", "--force", name);
      await keep();
    },
  };
}

/** Removes what restores and drills of this volume have left that were killed. @param inUse engine's names of the volumes that serve */
export async function removeUnfinished(owner: Owner, volume: string, inUse: readonly string[]): Promise<void> {
  const rows = await docker("volume", "ls", ...ownedBy(owner), "--filter", `label=berth.volume=${volume}`, "--filter", `label=${UNFINISHED}`, "--format", `{{.Name}} {{.Label "${UNFINISHED}"}}`);
  for (const [mark = "", name = ""] of rows.split("\n").filter(Boolean).map((row) => row.split(" "))) {
    if (!inUse.includes(name)) await docker("volume", "rm", "--force", name);
    await docker("volume", "rm", "--force", mark);
  }
}

/** Fills the volume. @throws UserError where the backup is damaged, or there is no room: what is in the volume then is worth nothing */
export async function restoreInto(owner: Owner, backups: BackupsSettings, backup: Backup, volume: string, onOpen: (workspace: Workspace) => void): Promise<void> {
  const workspace = await openWorkspace(owner, backups, { what: "restore", mount: { source: volume, write: true } });
  onOpen(workspace);
  const progress = showProgress(`backup ${shortId(backup)}`);
  try {
    const free = freeIn(await workspace.run("df", "-P", "-k", VOLUME));
    if (free - backup.size < RESERVE) throw new UserError(`backup ${shortId(backup)} takes ${sizeText(backup.size)}, and the engine's disk has ${sizeText(free)} free, of which ${sizeText(RESERVE)} are left to the app: make room there`);
    const { code, stderr } = await workspace.tryRestic(["restore", "--json", "--verify", "--sparse", "--target", "/", "--include", VOLUME, backup.id], (line) => progress.line(line));
    if (code !== 0) throw new UserError(`backup ${shortId(backup)} could not be restored: ${explain(code, messagesOf(stderr).length > 0 ? stderr : "", backups.target)}`);
  } finally {
    progress.end();
    await workspace.close();
  }
}

/** Free bytes, out of what `df -P -k` prints. Pure. */
export const freeIn = (df: string): number => Number(df.trim().split("\n").at(-1)?.split(/\s+/)[3] ?? 0) * 1024;
