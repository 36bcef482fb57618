/**
 * How the last backup and the last drill of each volume ended. A record is an empty volume of the engine whose labels
 * tell it: it is where the data are, whoever asks from wherever, and it appears and goes in one step.
 */
import { randomBytes } from "node:crypto";
import { labels, ownedBy, type Owner } from "../../components/owner.ts";
import { docker } from "../shared/docker.ts";

export type Doing = "backup" | "drill";

export interface Record {
  readonly doing: Doing;
  /** The volume's name in the configuration. */
  readonly volume: string;
  /** When it ended, in ISO 8601. */
  readonly time: string;
  readonly good: boolean;
  /** Id of the backup that was made or tried; "" where there was none. */
  readonly backup: string;
  /** When that backup was made, in ISO 8601; "" where there was none. */
  readonly made: string;
  /** Why it failed; "" where it did not. */
  readonly why: string;
}

const LABEL = "berth.record";
/** Of why something failed, so much is kept, in characters. */
const WORDS = 300;

/** The record of each thing that was done, newest first; of each volume and doing there is one. */
export async function readRecords(owner: Owner): Promise<Record[]> {
  const rows = await docker("volume", "ls", ...ownedBy(owner), "--filter", `label=${LABEL}`, "--format", `{{.Label "${LABEL}"}}`);
  return newestOf(rows.split("\n").filter(Boolean).map((row) => JSON.parse(row) as Record));
}

/** Pure. */
export function newestOf(records: readonly Record[]): Record[] {
  const sorted = [...records].sort((a, b) => (a.time < b.time ? 1 : -1));
  return sorted.filter(({ doing, volume }, index) => sorted.findIndex((other) => other.doing === doing && other.volume === volume) === index);
}

/** Puts a record in the place of the one before. */
export async function writeRecord(owner: Owner, record: Record): Promise<void> {
  const { doing, volume } = record;
  const marks = ["berth.part=backup", `berth.volume=${volume}`, `berth.doing=${doing}`].flatMap((label) => ["--filter", `label=${label}`]);
  const before = (await docker("volume", "ls", "--quiet", ...ownedBy(owner), "--filter", `label=${LABEL}`, ...marks)).split("\n").filter(Boolean);
  const all = labels(owner, "backup", { "berth.volume": volume, "berth.doing": doing, [LABEL]: JSON.stringify({ ...record, why: record.why.slice(0, WORDS) }) });
  const name = `${owner.project}-${owner.stack}-${doing}-record-${randomBytes(4).toString("hex")}`;
  await docker("volume", "create", ...Object.entries(all).flatMap(([label, value]) => ["--label", `${label}=${value}`]), name);
  if (before.length > 0) await docker("volume", "rm", ...before).catch(() => undefined); // another command was quicker
}
