/** One backup of one volume: hooks, restic, retention. */
import { engine } from "../../engine/engine.ts";
import type { Owner } from "../../release/labels.ts";
import type { VolumeBackup } from "../../settings/settings.ts";
import { andThen, orUndo } from "../shared/cleanUp.ts";
import { UserError } from "../shared/cli.ts";
import { type Context, engineNameOf, existingOf } from "./context.ts";
import { sizeText } from "./progress.ts";
import { readData } from "./readData.ts";
import { everGood, readRecords, writeRecord } from "./records.ts";
import { EXIT, explain } from "./resticErrors.ts";
import { retention } from "./retention.ts";
import { type Backup, doubtOf, good, hostOf, isAnother, readBackups, shortId, timeText } from "./snapshots.ts";
import { findSource, type Source } from "./source.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

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
  /** What a person should know, and what does no harm. */
  readonly warnings: readonly string[];
}

export interface BackUpOptions {
  /** Whether a repository may be begun where one was before. */
  readonly init: boolean;
  /** Whether it counts whatever volume it is of, and however little is in it. */
  readonly accepted: boolean;
  /** Asked once the volume is held: false where another command was quicker. Default: it is still to be done. */
  readonly stillDue?: () => Promise<boolean>;
  /** Called with what ends the work in its order: the container, and what was begun by a hook. */
  readonly onOpen?: (workspace: Workspace) => void;
}

/**
 * Makes a backup, and writes down how it ended. Returns undefined where it was not due any more.
 * @throws UserError, without a trace where the volume is not on the engine @throws Busy
 */
export async function backUp(context: Context, settings: VolumeBackup, options: BackUpOptions): Promise<Made | undefined> {
  const { accepted, stillDue, onOpen } = options;
  const { owner, backups } = context;
  const { volume } = settings;
  const own = existingOf(context, volume) === undefined;
  const source = await findSource({ volume, name: engineNameOf(context, volume), own, accepted, stack: context.stack });
  const workspace = await openWorkspace(owner, backups, { what: "backup", volume, mount: { source: source.name, write: false } });
  onOpen?.(workspace);
  const record = { doing: "backup", volume } as const;
  const now = () => new Date().toISOString();
  const work = async (): Promise<Made | undefined> => {
    if (stillDue && !(await stillDue())) return undefined;
    const made = await perform(context, settings, { source, workspace }, options);
    await writeRecord(owner, { ...record, time: now(), good: true, backup: made.backup, made: now(), why: "" });
    return made;
  };
  const tell = ({ message }: Error) =>
    writeRecord(owner, { ...record, time: now(), good: false, backup: "", made: "", why: message.split("\n")[0] ?? "" });
  return andThen(() => orUndo(work, tell), workspace.close);
}

async function perform(
  context: Context,
  settings: VolumeBackup,
  at: { source: Source; workspace: Workspace },
  options: BackUpOptions,
): Promise<Made> {
  const { source, workspace } = at;
  const { init, accepted } = options;
  const { backups } = context;
  const { volume, keep } = settings;
  const earlier = await openRepository(context, workspace, volume, init);
  const counting = good(earlier);
  const started = Date.now();
  const { made, bytesAdded } = await readData(context, settings, { workspace, source, earlier, accepted });
  const seconds = (Date.now() - started) / 1000;
  const doubt = accepted ? "" : doubtOf(counting[0], made);
  if (doubt !== "") return refuse(context, workspace, source, made, doubt);
  const { surplus, future } = retention(made, counting, keep);
  const tooMany = [...surplus, ...earlier.filter((backup) => backup.doubt !== "")];
  const forget = ["forget", "--prune", ...tooMany.map(({ id }) => id)];
  const { code, stderr } = tooMany.length > 0 ? await workspace.tryRestic(forget) : { code: 0, stderr: "" };
  if (code !== 0 && code !== EXIT.locked)
    throw new UserError(`the backup was made, but earlier ones could not be removed: ${explain(code, stderr, backups.target)}`);
  const removed = code === 0 ? tooMany : [];
  return {
    volume,
    backup: shortId(made),
    files: made.files,
    bytes: made.size,
    bytesAdded,
    seconds,
    removed: removed.map(shortId),
    kept: earlier.length + 1 - removed.length,
    warnings: [
      ...warningsOf(made, counting[0], source, future),
      ...(code === 0 ? [] : [`earlier backups are removed by a later one, because ${explain(code, stderr, backups.target)}`]),
    ],
  };
}

/** What a person should know of a backup that counts. Pure. @param future earlier ones that a clock dated too late */
function warningsOf(made: Backup, last: Backup | undefined, { name }: Source, future: readonly Backup[]): string[] {
  const nothing = `there is nothing in volume ${made.volume} (${name}), so there is nothing in backup ${shortId(made)}`;
  const another = `${name} is another volume than the one that was backed up before, with about as much in it: it was restored, or moved`;
  const wrong = "by a clock that was wrong: it stays, and does not count among those that are kept";
  return [
    ...(made.files === 0 && !last?.files ? [nothing] : []),
    ...(isAnother(last, made) ? [another] : []),
    ...future.map((backup) => `backup ${shortId(backup)} is dated ${timeText(backup)}, ${wrong}`),
  ];
}

/** Takes away a backup that does not count. Where that fails, it still does not: see `readBackups`. */
async function refuse({ stack }: Context, workspace: Workspace, { name }: Source, made: Backup, doubt: string): Promise<never> {
  const { volume } = made;
  const { code } = await workspace.tryRestic(["forget", made.id]);
  throw new UserError(
    `what was read of volume ${volume} (${name} on the Docker engine at ${engine().address.host}) is no backup: ${doubt}. ` +
      `It ${code === 0 ? "was not kept" : `does not count (backup ${shortId(made)})`}, and no earlier one was removed.\n` +
      `  Are the data lost? Bring the last backup back: npm run restore -- ${volume} --stack ${stack}\n` +
      `  Is it right like this? Say so: npm run backup -- ${volume} --accept --stack ${stack}`,
  );
}

/** The volume's earlier backups. Begins a repository where there never was one. @throws UserError where one that was there is gone */
async function openRepository(context: Context, workspace: Workspace, volume: string, init: boolean): Promise<Backup[]> {
  const {
    owner,
    stack,
    backups: { target },
  } = context;
  const { code, stdout, stderr } = await workspace.tryRestic(listWords(owner, volume));
  if (code === 0) return readBackups(stdout, owner);
  if (code !== EXIT.noRepository) throw new UserError(explain(code, stderr, target));
  if (everGood(await readRecords(owner)) && !init) {
    const gone = `the repository at ${target}, which backups were made in, is gone: is its disk mounted?`;
    throw new UserError(`${gone} To begin a new one: npm run backup -- --init --stack ${stack}`);
  }
  const begun = await workspace.tryRestic(["init"]);
  if (begun.code !== 0) {
    const backups = await workspace.tryRestic(listWords(owner, volume)); // another volume's may have been quicker
    if (backups.code !== 0) throw new UserError(explain(begun.code, begun.stderr, target));
    return readBackups(backups.stdout, owner);
  }
  console.error(
    `Began a repository at ${target}. Without the password in berth:backups.password nobody can read it: keep a copy elsewhere.`,
  );
  return [];
}

const listWords = (owner: Owner, volume?: string): string[] => [
  "snapshots",
  "--json",
  "--no-lock",
  "--host",
  hostOf(owner),
  ...(volume === undefined ? [] : ["--tag", `volume=${volume}`]),
];

/** The stack's backups, of one volume or of all, newest first; also those that do not count. */
export const listBackups = async ({ owner }: Pick<Context, "owner">, workspace: Workspace, volume?: string): Promise<Backup[]> =>
  readBackups(await workspace.restic(listWords(owner, volume)), owner);

/** One line for a person. Pure. */
export function describe({ volume, backup, files, bytes, bytesAdded, seconds, removed, kept }: Made): string {
  const gone = removed.length > 0 ? `; removed ${removed.join(", ")}` : "";
  return `Backed up volume ${volume}: backup ${backup}, ${files} files, ${sizeText(bytes)}, of which ${sizeText(bytesAdded)} were added in ${seconds.toFixed(1)} s; ${kept} kept${gone}.`;
}
