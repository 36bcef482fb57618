/**
 * How the last backup and the last drill of each volume ended. A record is an empty volume of the engine whose labels
 * tell it: it is where the data are, whoever asks from wherever, and it appears and goes in one step.
 */
import { randomBytes } from "node:crypto";
import { type BackupRecord, readRecordLabels, RECORD_LABEL } from "../../engine/backupRecord.ts";
import { listContainers, removeContainer } from "../../engine/containers.ts";
import { partIs, LABEL, labels, ownedBy, type Owner } from "../../release/labels.ts";
import { createVolume, listVolumes, removeVolume, type Volume } from "../../engine/volumes.ts";
import { ageInWords } from "../../settings/units.ts";

/** Of why something failed, so much is kept, in characters. */
const WORDS = 300;

/** Of each volume and doing the last record, newest first. @throws EngineError */
export const readRecords = async (owner: Owner): Promise<BackupRecord[]> => recordsIn(await listVolumes(ownedBy(owner, RECORD_LABEL)));

const recordsIn = (volumes: readonly Volume[]): BackupRecord[] =>
  readRecordLabels(volumes.flatMap(({ Labels }) => Labels?.[RECORD_LABEL] ?? []));

/** Whether the stack ever had a good backup, as far as the engine remembers. Pure. */
export const everGood = (records: readonly BackupRecord[]): boolean => records.some(({ good, wasGood }) => good || wasGood === true);

/** One line for a person. @param now milliseconds since 1970. Pure. */
export function describeRecord({ doing, volume, time, good, backup, made, why }: BackupRecord, now: number): string {
  const ago = (when: string) => `${ageInWords((now - Date.parse(when)) / 1000)} ago`;
  const last = `last ${doing} of ${volume}: ${ago(time)}`;
  if (!good) return `${last}, failed: ${why}`;
  return doing === "backup" ? `${last}, ${backup}` : `${last}, good: backup ${backup}, made ${ago(made)}`;
}

/** Puts a record in the place of the one before. @throws EngineError */
export async function writeRecord(owner: Owner, record: BackupRecord): Promise<void> {
  const { doing, volume } = record;
  const marks = { [LABEL.volume]: volume, [LABEL.doing]: doing };
  const of = Object.entries(marks).map(([name, value]) => `${name}=${value}`);
  const before = await listVolumes(ownedBy(owner, RECORD_LABEL, partIs("backup"), ...of));
  const kept = { ...record, why: record.why.slice(0, WORDS), wasGood: everGood(recordsIn(before)) };
  const marked = labels(owner, "backup", { ...marks, [RECORD_LABEL]: JSON.stringify(kept) });
  await createVolume(`${owner.project}-${owner.stack}-${doing}-record-${randomBytes(4).toString("hex")}`, marked);
  for (const { Name } of before) await removeVolume(Name);
}

/** Ends what works on backups of the stack, and removes what is remembered of them. The backups themselves stay. @throws EngineError */
export async function removeBackupWork(owner: Owner): Promise<void> {
  const mine = ownedBy(owner, partIs("backup"));
  for (const { Id } of await listContainers(mine, { all: true })) await removeContainer(Id);
  for (const { Name } of await listVolumes(mine)) await removeVolume(Name);
}
