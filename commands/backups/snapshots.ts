/** The backups of one volume as restic lists them, and which of them retention removes. Pure. */
import type { Owner } from "../../engine/labels.ts";
import { UserError } from "../shared/cli.ts";

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
}

interface Listed {
  readonly id: string;
  readonly time: string;
  readonly hostname: string;
  readonly tags?: readonly string[];
  readonly summary?: { readonly total_bytes_processed: number; readonly total_files_processed: number };
}

/** What restic calls the host: the stack, which outlives its machines. */
export const hostOf = ({ project, stack }: Owner): string => `${project}-${stack}`;

/** The words that mark a new backup. */
export const marksOf = (owner: Owner, { volume, number, release }: Pick<Backup, "volume" | "number" | "release">): string[] => [
  ...["--host", hostOf(owner)],
  ...[`volume=${volume}`, `number=${number}`, `release=${release}`].flatMap((tag) => ["--tag", tag]),
];

/** The stack's backups, newest first; what others have put into the same repository is left out. @throws SyntaxError */
export function readBackups(json: string, owner: Owner): Backup[] {
  const listed = JSON.parse(json) as readonly Listed[] | null;
  const backups = (listed ?? []).filter(({ hostname }) => hostname === hostOf(owner)).flatMap((snapshot) => backupOf(snapshot) ?? []);
  return backups.sort((a, b) => (a.volume === b.volume ? b.number - a.number : a.volume < b.volume ? -1 : 1));
}

function backupOf({ id, time, tags, summary }: Listed): Backup | undefined {
  const tag = (name: string) => tags?.find((text) => text.startsWith(`${name}=`))?.slice(name.length + 1);
  const [volume, number] = [tag("volume"), Number(tag("number"))];
  if (volume === undefined || !Number.isInteger(number)) return undefined;
  return { id, volume, number, time, release: tag("release") ?? "", size: summary?.total_bytes_processed ?? 0, files: summary?.total_files_processed ?? 0 };
}

/** The number of the next backup of a volume. */
export const nextNumber = (backups: readonly Backup[]): number => Math.max(0, ...backups.map(({ number }) => number)) + 1;

/**
 * Those that are too many. They are told by their numbers and not by their times: after a clock was wrong, the newest
 * could look the oldest.
 */
export const surplus = (backups: readonly Backup[], keep: number): Backup[] => [...backups].sort((a, b) => b.number - a.number).slice(keep);

/** The backup that a person names: by the beginning of its id, or "latest". @throws UserError that says which there are */
export function chooseBackup(backups: readonly Backup[], volume: string, asked: string): Backup {
  const own = backups.filter((backup) => backup.volume === volume);
  const found = asked === "latest" ? own.slice(0, 1) : backups.filter(({ id }) => id.startsWith(asked));
  const [backup] = found;
  const known = own.map(shortId).join(", ") || "none";
  if (!backup) throw new UserError(asked === "latest" ? `there is no backup of volume ${volume} yet` : `there is no backup ${asked} (of volume ${volume} there are: ${known})`);
  if (found.length > 1) throw new UserError(`${asked} could be ${found.map(shortId).join(" or ")}: give more of it`);
  if (backup.volume !== volume) throw new UserError(`backup ${shortId(backup)} is one of volume ${backup.volume}, not of ${volume} (of that there are: ${known})`);
  return backup;
}

export const shortId = ({ id }: Pick<Backup, "id">): string => id.slice(0, 8);
