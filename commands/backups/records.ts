/**
 * How the last backup and the last drill of each volume ended. A record is an empty volume of the engine whose labels
 * tell it: it is where the data are, whoever asks from wherever, and it appears and goes in one step.
 */
import { randomBytes } from "node:crypto";
import { type BackupRecord, readRecordLabels, RECORD_LABEL } from "../../engine/backupRecord.ts";
import { ageInWords } from "../../settings/units.ts";
import { labelWords, ownedBy, type Owner } from "../../engine/labels.ts";
import { docker } from "../../engine/containers.ts";

/** Of why something failed, so much is kept, in characters. */
const WORDS = 300;

/** Of each volume and doing the last record, newest first. */
export const readRecords = async (owner: Owner): Promise<BackupRecord[]> =>
  readRecordLabels(await docker("volume", "ls", ...ownedBy(owner), "--filter", `label=${RECORD_LABEL}`, "--format", `{{.Label "${RECORD_LABEL}"}}`));

/** One line for a person. @param now milliseconds since 1970. Pure. */
export function describeRecord({ doing, volume, time, good, backup, made, why }: BackupRecord, now: number): string {
  const ago = (when: string) => `${ageInWords((now - Date.parse(when)) / 1000)} ago`;
  const last = `last ${doing} of ${volume}: ${ago(time)}`;
  if (!good) return `${last}, failed: ${why}`;
  return doing === "backup" ? `${last}, ${backup}` : `${last}, good: backup ${backup}, made ${ago(made)}`;
}

/** Puts a record in the place of the one before. */
export async function writeRecord(owner: Owner, record: BackupRecord): Promise<void> {
  const { doing, volume } = record;
  const marks = ["berth.part=backup", `berth.volume=${volume}`, `berth.doing=${doing}`].flatMap((label) => ["--filter", `label=${label}`]);
  const before = (await docker("volume", "ls", "--quiet", ...ownedBy(owner), "--filter", `label=${RECORD_LABEL}`, ...marks)).split("\n").filter(Boolean);
  const marked = labelWords(owner, "backup", { "berth.volume": volume, "berth.doing": doing, [RECORD_LABEL]: JSON.stringify({ ...record, why: record.why.slice(0, WORDS) }) });
  const name = `${owner.project}-${owner.stack}-${doing}-record-${randomBytes(4).toString("hex")}`;
  await docker("volume", "create", ...marked, name);
  if (before.length > 0) await docker("volume", "rm", ...before).catch(() => undefined); // another command was quicker
}

/** Ends what works on backups of the stack, and removes what is remembered of them. The backups themselves stay. */
export async function removeBackupWork(owner: Owner): Promise<void> {
  const mine = ["--quiet", ...ownedBy(owner), "--filter", "label=berth.part=backup"];
  const containers = (await docker("ps", "--all", ...mine)).split("\n").filter(Boolean);
  if (containers.length > 0) await docker("rm", "--force", ...containers);
  const volumes = (await docker("volume", "ls", ...mine)).split("\n").filter(Boolean);
  if (volumes.length > 0) await docker("volume", "rm", "--force", ...volumes);
}
