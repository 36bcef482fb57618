/** The backups of one volume as restic lists them, and which of them count. Pure. */
import type { Owner } from "../../release/labels.ts";
import { UserError } from "../shared/cli.ts";
import { sizeText } from "./progress.ts";

/** One backup of a volume. */
export interface Backup {
  readonly id: string;
  /** The volume's name in the configuration. */
  readonly volume: string;
  /** Counts the backups of a volume: the order of making, whatever the clock said. */
  readonly number: number;
  /** When it was begun, in ISO 8601, by the engine's clock. */
  readonly time: string;
  /** The release that was live. */
  readonly release: string;
  /** Bytes, and files, of the volume. */
  readonly size: number;
  readonly files: number;
  /** Which volume of which engine it was made of; "" where an earlier Berth made it. */
  readonly source: string;
  /** Why it does not count as a backup; "" where it does. */
  readonly doubt: string;
}

interface Listed {
  readonly id: string;
  readonly time: string;
  readonly hostname: string;
  readonly tags?: readonly string[];
  readonly summary?: { readonly total_bytes_processed: number; readonly total_files_processed: number };
}

/** A backup that has less than this share of the files and of the bytes of the one before is none; of another volume, of either. */
const LEAST = { same: 0.05, another: 0.5 };
/** The tag of one that somebody has accepted, however little is in it. */
const ACCEPTED = "accepted";

/** What restic calls the host: the stack, which outlives its machines. */
export const hostOf = ({ project, stack }: Owner): string => `${project}-${stack}`;

/** The words that mark a new backup. @param accepted whether it counts, however little is in it */
export function marksOf(owner: Owner, made: Pick<Backup, "volume" | "number" | "release" | "source">, accepted: boolean): string[] {
  const { volume, number, release, source } = made;
  const tags = [`volume=${volume}`, `number=${number}`, `release=${release}`, `source=${source}`, ...(accepted ? [ACCEPTED] : [])];
  return ["--host", hostOf(owner), ...tags.flatMap((tag) => ["--tag", tag])];
}

/** The stack's backups, newest first; what others have put into the same repository is left out. @throws SyntaxError */
export function readBackups(json: string, owner: Owner): Backup[] {
  const listed = JSON.parse(json) as readonly Listed[] | null;
  const made = (listed ?? []).filter(({ hostname }) => hostname === hostOf(owner)).flatMap((snapshot) => backupOf(snapshot) ?? []);
  made.sort((a, b) => (a.volume === b.volume ? a.number - b.number : a.volume > b.volume ? -1 : 1));
  const last = new Map<string, Backup>();
  const judged = made.map(({ accepted, ...backup }) => {
    // Those of an earlier Berth have no source: what nobody has judged then is not judged now.
    const one = { ...backup, doubt: accepted || backup.source === "" ? "" : doubtOf(last.get(backup.volume), backup) };
    if (one.doubt === "") last.set(one.volume, one);
    return one;
  });
  return judged.reverse();
}

function backupOf({ id, time, tags, summary }: Listed): (Omit<Backup, "doubt"> & { readonly accepted: boolean }) | undefined {
  const tag = (name: string) => tags?.find((text) => text.startsWith(`${name}=`))?.slice(name.length + 1);
  const [volume, number] = [tag("volume"), Number(tag("number"))];
  if (volume === undefined || !Number.isInteger(number)) return undefined;
  const [size, files] = [summary?.total_bytes_processed ?? 0, summary?.total_files_processed ?? 0];
  const [release, source, accepted] = [tag("release") ?? "", tag("source") ?? "", tags?.includes(ACCEPTED) === true];
  return { id, volume, number, time, release, size, files, source, accepted };
}

/** Why a backup does not count, beside the good one before it; "" where it does. */
export function doubtOf(before: Backup | undefined, made: Pick<Backup, "size" | "files" | "source">): string {
  if (!before || before.files === 0) return "";
  const [files, bytes] = [made.files / before.files, before.size === 0 ? made.files / before.files : made.size / before.size];
  const has = `${filesText(made)}, where backup ${shortId(before)} of ${timeText(before)} has ${filesText(before)}`;
  if (made.files === 0) return `there is nothing in it: it has ${has}`;
  if (Math.max(files, bytes) < LEAST.same) return `it has shrunk to ${has}`;
  if (isAnother(before, made) && Math.min(files, bytes) < LEAST.another) return `it is another volume than before, with ${has}`;
  return "";
}

/** Whether a backup was made of another volume than the one before it, as far as that is known. */
export const isAnother = (before: Backup | undefined, made: Pick<Backup, "source">): boolean =>
  before !== undefined && before.source !== "" && made.source !== before.source;

/** Those that count. */
export const good = (backups: readonly Backup[]): Backup[] => backups.filter(({ doubt }) => doubt === "");

/** The number of the next backup of a volume. */
export const nextNumber = (backups: readonly Backup[]): number => Math.max(0, ...backups.map(({ number }) => number)) + 1;

/** The one that a person names: by the beginning of its id, or "latest" of those that count. @throws UserError that says which there are */
export function chooseBackup(backups: readonly Backup[], volume: string, asked: string): Backup {
  const own = backups.filter((backup) => backup.volume === volume);
  const found = asked === "latest" ? good(own).slice(0, 1) : backups.filter(({ id }) => id.startsWith(asked));
  const [backup] = found;
  const known = own.map(shortId).join(", ") || "none";
  if (!backup)
    throw new UserError(
      asked === "latest"
        ? `there is no backup of volume ${volume} yet`
        : `there is no backup ${asked} (of volume ${volume} there are: ${known})`,
    );
  if (found.length > 1) throw new UserError(`${asked} could be ${found.map(shortId).join(" or ")}: give more of it`);
  if (backup.volume !== volume)
    throw new UserError(`backup ${shortId(backup)} is one of volume ${backup.volume}, not of ${volume} (of that there are: ${known})`);
  return backup;
}

export const shortId = ({ id }: Pick<Backup, "id">): string => id.slice(0, 8);

/** When it was made, as people read it. */
export const timeText = ({ time }: Pick<Backup, "time">): string => time.replace("T", " ").slice(0, 19);

const filesText = ({ files, size }: Pick<Backup, "files" | "size">): string => `${files} files (${sizeText(size)})`;
