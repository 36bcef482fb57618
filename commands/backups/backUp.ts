/** One backup of one volume: hooks, restic, retention. */
import type { Owner } from "../../engine/labels.ts";
import type { VolumeBackup } from "../../settings/settings.ts";
import { UserError } from "../shared/cli.ts";
import { type Context, engineNameOf } from "./context.ts";
import { hostOfHooks, runHook, stillRuns } from "./hooks.ts";
import { type Progress, showProgress, sizeText } from "./progress.ts";
import { readRecords, writeRecord } from "./records.ts";
import { EXIT, explain, unreadFiles } from "./resticErrors.ts";
import { type Backup, hostOf, marksOf, nextNumber, readBackups, shortId, surplus } from "./snapshots.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";
import { VOLUME } from "./workspaceFlags.ts";

/** A release that takes away the container with the hooks makes a backup worth nothing: so often it is begun anew. */
const ATTEMPTS = 3;

interface Summary {
  readonly message_type: "summary";
  readonly snapshot_id: string;
  readonly total_files_processed: number;
  readonly total_bytes_processed: number;
  readonly data_added_packed: number;
}

/** What was done, for a person and for machines. */
export interface Made {
  readonly volume: string;
  readonly backup: string;
  readonly files: number;
  readonly bytes: number;
  /** What it took in the repository. */
  readonly bytesAdded: number;
  readonly seconds: number;
  /** Earlier ones that were removed. */
  readonly removed: readonly string[];
  readonly kept: number;
  /** What did not go as it should, and does no harm. */
  readonly warning?: string;
}

export interface BackUpOptions {
  /** Whether a repository may be begun where one was before. */
  readonly init: boolean;
  /** Asked once the volume is held: false where another command was quicker. Default: it is still to be done. */
  readonly stillDue?: () => Promise<boolean>;
  /** Called with what ends the work in its order: the container, and what was begun by a hook. */
  readonly onOpen?: (workspace: Workspace) => void;
}

/** Makes a backup, and writes down how it ended. Returns undefined where it was not due any more. @throws UserError @throws Busy */
export async function backUp(context: Context, settings: VolumeBackup, { init, stillDue, onOpen }: BackUpOptions): Promise<Made | undefined> {
  const { owner, backups } = context;
  const { volume } = settings;
  const source = engineNameOf(context, volume);
  const workspace = await openWorkspace(owner, backups, { what: "backup", volume, mount: { source, write: false } });
  onOpen?.(workspace);
  try {
    if (stillDue && !(await stillDue())) return undefined;
    const made = await perform(context, settings, workspace, init);
    await writeRecord(owner, { doing: "backup", volume, time: new Date().toISOString(), good: true, backup: made.backup, made: new Date().toISOString(), why: "" });
    return made;
  } catch (error) {
    if (error instanceof UserError) await writeRecord(owner, { doing: "backup", volume, time: new Date().toISOString(), good: false, backup: "", made: "", why: error.message.split("\n")[0] ?? "" });
    throw error;
  } finally {
    await workspace.close();
  }
}

async function perform(context: Context, settings: VolumeBackup, workspace: Workspace, init: boolean): Promise<Made> {
  const { backups } = context;
  const { volume, keep } = settings;
  const earlier = await openRepository(context, workspace, volume, init);
  const started = Date.now();
  const summary = await readData(context, settings, workspace, earlier);
  const seconds = (Date.now() - started) / 1000;
  const tooMany = surplus(earlier, keep - 1); // the one that was just made is kept
  const { code, stderr } = tooMany.length > 0 ? await workspace.tryRestic(["forget", "--prune", "--retry-lock", "5m", ...tooMany.map(({ id }) => id)]) : { code: 0, stderr: "" };
  if (code !== 0 && code !== EXIT.locked) throw new UserError(`the backup was made, but earlier ones could not be removed: ${explain(code, stderr, backups.target)}`);
  const removed = code === 0 ? tooMany.map(shortId) : [];
  return {
    volume,
    backup: shortId({ id: summary.snapshot_id }),
    files: summary.total_files_processed,
    bytes: summary.total_bytes_processed,
    bytesAdded: summary.data_added_packed,
    seconds,
    removed,
    kept: earlier.length + 1 - removed.length,
    ...(code !== 0 && { warning: `earlier backups are removed by a later one, because ${explain(code, stderr, backups.target)}` }),
  };
}

/** The volume's earlier backups. Begins a repository where there never was one. @throws UserError where one that was there is gone */
async function openRepository(context: Context, workspace: Workspace, volume: string, init: boolean): Promise<Backup[]> {
  const { owner, stack, backups: { target } } = context;
  const { code, stdout, stderr } = await workspace.tryRestic(listWords(owner, volume));
  if (code === 0) return readBackups(stdout, owner);
  if (code !== EXIT.noRepository) throw new UserError(explain(code, stderr, target));
  const before = (await readRecords(owner)).some(({ good }) => good);
  if (before && !init) throw new UserError(`the repository at ${target}, which backups were made in, is gone: is its disk mounted? To begin a new one: npm run backup -- --init --stack ${stack}`);
  const begun = await workspace.tryRestic(["init"]);
  if (begun.code !== 0) {
    const backups = await workspace.tryRestic(listWords(owner, volume)); // another volume's may have been quicker
    if (backups.code !== 0) throw new UserError(explain(begun.code, begun.stderr, target));
    return readBackups(backups.stdout, owner);
  }
  console.error(`Began a repository at ${target}. Without the password in berth:backups.password nobody can read it: keep a copy elsewhere.`);
  return [];
}

const listWords = (owner: Owner, volume?: string): string[] => ["snapshots", "--json", "--no-lock", "--host", hostOf(owner), ...(volume === undefined ? [] : ["--tag", `volume=${volume}`])];

/** The stack's backups, of one volume or of all, newest first. */
export const listBackups = async ({ owner }: Pick<Context, "owner">, workspace: Workspace, volume?: string): Promise<Backup[]> => readBackups(await workspace.restic(listWords(owner, volume)), owner);

/** Reads the volume into the repository, between the hooks. */
async function readData(context: Context, settings: VolumeBackup, workspace: Workspace, earlier: readonly Backup[]): Promise<Summary> {
  const { volume, preHook, postHook } = settings;
  for (let attempt = 1; ; attempt++) {
    const host = preHook ?? postHook ? await hostOfHooks(context.owner, { name: volume, engineName: engineNameOf(context, volume) }, context.outputs.replicas) : undefined;
    const progress = showProgress(`volume ${volume}`);
    let summary: Summary;
    try {
      if (host && preHook) await runHook("preHook", host, preHook);
      summary = await readOnce(context, settings, workspace, earlier, progress);
    } finally {
      progress.end();
      if (host && postHook && (await stillRuns(host))) await runHook("postHook", host, postHook);
    }
    if (!host || (await stillRuns(host))) return summary;
    await workspace.restic(["forget", summary.snapshot_id]);
    if (attempt === ATTEMPTS) throw new UserError(`container ${host.name}, in which the hooks of volume ${volume} ran, ended before the backup did, for the ${ATTEMPTS}rd time: make it while nothing is released`);
    console.log(`Container ${host.name}, in which the hooks ran, has ended meanwhile: the backup is begun anew.`);
  }
}

async function readOnce({ owner, backups, outputs }: Context, { volume, leaveOut }: VolumeBackup, workspace: Workspace, earlier: readonly Backup[], progress: Progress): Promise<Summary> {
  const parent = earlier[0] ? ["--parent", earlier[0].id] : ["--force"];
  const marks = marksOf(owner, { volume, number: nextNumber(earlier), release: outputs.release });
  const without = leaveOut === undefined ? [] : ["--exclude", `${VOLUME}/${leaveOut}`];
  let summary: Summary | undefined;
  const { code, stderr } = await workspace.tryRestic(["backup", "--json", ...parent, ...marks, ...without, VOLUME], (line) => {
    if (line.includes('"summary"')) summary = JSON.parse(line) as Summary;
    else progress.line(line);
  });
  if (code !== 0 && code !== EXIT.incomplete) throw new UserError(explain(code, stderr, backups.target));
  if (!summary) throw new UserError(`restic ended without a word: ${stderr.trim()}`);
  const unread = code === EXIT.incomplete ? unreadFiles(stderr) : [];
  if (unread.length > 0) {
    await workspace.restic(["forget", summary.snapshot_id]); // else it would count as one that is whole
    throw new UserError([`${unread.length} files of volume ${volume} could not be read, so this is no backup:`, ...unread.slice(0, 10).map((line) => `  ${line}`)].join("\n"));
  }
  return summary;
}

/** One line for a person. Pure. */
export function describe({ volume, backup, files, bytes, bytesAdded, seconds, removed, kept }: Made): string {
  const gone = removed.length > 0 ? `; removed ${removed.join(", ")}` : "";
  return `Backed up volume ${volume}: backup ${backup}, ${files} files, ${sizeText(bytes)}, of which ${sizeText(bytesAdded)} were added in ${seconds.toFixed(1)} s; ${kept} kept${gone}.`;
}
