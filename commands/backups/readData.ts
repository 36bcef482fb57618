/** Reads a volume into the repository, between the hooks. */
import type { VolumeBackup } from "../../settings/settings.ts";
import { andThen, orUndo } from "../shared/cleanUp.ts";
import { UserError } from "../shared/cli.ts";
import type { Context } from "./context.ts";
import { type Host, hostOfHooks, runHook, stillRuns } from "./hooks.ts";
import { showProgress } from "./progress.ts";
import { EXIT, explain, unreadFiles } from "./resticErrors.ts";
import { type Backup, good, marksOf, nextNumber } from "./snapshots.ts";
import type { Source } from "./source.ts";
import type { Workspace } from "./workspace.ts";
import { VOLUME } from "./workspaceSpec.ts";

/** A release that takes away the container with the hooks makes a backup worth nothing: so often it is begun anew. */
const ATTEMPTS = 3;

interface Summary {
  readonly message_type: "summary";
  readonly snapshot_id: string;
  readonly total_files_processed: number;
  readonly total_bytes_processed: number;
  readonly data_added_packed: number;
  /** When it was begun, in ISO 8601, by the engine's clock. */
  readonly backup_start: string;
}

export interface Reading {
  readonly workspace: Workspace;
  readonly source: Source;
  /** The volume's earlier backups, also those that do not count. */
  readonly earlier: readonly Backup[];
  /** Whether it counts however little is in it. */
  readonly accepted: boolean;
}

export interface Read {
  readonly made: Backup;
  /** Bytes that it took in the repository. */
  readonly bytesAdded: number;
}

/** Makes a backup that is whole. @throws UserError where a hook fails, a file cannot be read, or a release comes between each time */
export async function readData(context: Context, settings: VolumeBackup, reading: Reading): Promise<Read> {
  const { volume, preHook, postHook } = settings;
  if (!preHook && !postHook) return readOnce(context, settings, reading);
  for (let attempt = 1; ; attempt++) {
    const host = await hostOfHooks(context.owner, { name: volume, engineName: reading.source.name }, context.outputs.replicas);
    const read = await readBetween(context, settings, reading, host);
    if (read) return read;
    if (attempt === ATTEMPTS) {
      const ended = `container ${host.name}, in which the hooks of volume ${volume} ran, ended before the backup did`;
      throw new UserError(`${ended}, for the ${ATTEMPTS}rd time: make it while nothing is released`);
    }
    console.log(`Container ${host.name}, in which the hooks ran, has ended meanwhile: the backup is begun anew.`);
  }
}

/** Reads between the hooks. Undefined where their container has ended meanwhile: nothing is kept then, nor where a hook fails. */
async function readBetween(context: Context, settings: VolumeBackup, reading: Reading, host: Host): Promise<Read | undefined> {
  const { preHook, postHook } = settings;
  let read: Read | undefined;
  const work = async (): Promise<void> => {
    if (preHook) await runHook("preHook", host, preHook);
    read = await readOnce(context, settings, reading);
  };
  const release = async (): Promise<void> => {
    if (postHook && (await stillRuns(host))) await runHook("postHook", host, postHook);
  };
  const forget = async () => void (read && (await reading.workspace.restic(["forget", read.made.id]))); // else it would count
  const runs = await orUndo(async () => {
    await andThen(work, release);
    return stillRuns(host);
  }, forget);
  if (runs) return read;
  await forget();
  return undefined;
}

async function readOnce({ owner, backups, outputs }: Context, { volume, leaveOut }: VolumeBackup, reading: Reading): Promise<Read> {
  const { workspace, source, earlier, accepted } = reading;
  const [last] = good(earlier);
  const parent = last ? ["--parent", last.id] : ["--force"];
  const marks = { volume, number: nextNumber(earlier), release: outputs.release, source: source.mark };
  const without = leaveOut === undefined ? [] : ["--exclude", `${VOLUME}/${leaveOut}`];
  const progress = showProgress(`volume ${volume}`);
  const words = ["backup", "--json", ...parent, ...marksOf(owner, marks, accepted), ...without, VOLUME];
  const { code, stdout, stderr } = await workspace.tryRestic(words, { onLine: progress.line }).finally(progress.end);
  if (code !== 0 && code !== EXIT.incomplete) throw new UserError(explain(code, stderr, backups.target));
  const line = stdout.split("\n").find((text) => text.startsWith('{"message_type":"summary"'));
  if (line === undefined) throw new UserError(`restic ended without a word: ${stderr.trim()}`);
  const summary = JSON.parse(line) as Summary;
  const unread = code === EXIT.incomplete ? unreadFiles(stderr) : [];
  if (unread.length > 0) {
    await workspace.restic(["forget", summary.snapshot_id]); // else it would count as one that is whole
    const first = unread.slice(0, 10).map((text) => `  ${text}`);
    throw new UserError([`${unread.length} files of volume ${volume} could not be read, so this is no backup:`, ...first].join("\n"));
  }
  const { snapshot_id: id, backup_start: time, total_bytes_processed: size, total_files_processed: files } = summary;
  return { made: { id, ...marks, time, size, files, doubt: "" }, bytesAdded: summary.data_added_packed };
}
