/**
 * How the last backup and the last drill of a volume ended, as the engine remembers it; and whether that is good enough for a release.
 * Pure.
 */
import type { BackupsSettings, VolumeBackup } from "../settings/settings.ts";
import { ageInWords } from "../settings/units.ts";

export type Doing = "backup" | "drill";

export interface BackupRecord {
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
  /** Whether one before it was good. Default: no, or an earlier Berth did not write it down. */
  readonly wasGood?: boolean;
}

/** Label of an empty volume of the engine that is a record; its value is the record as JSON. */
export const RECORD_LABEL = "berth.record";

/** Out of a list of such labels: of each volume and doing the newest record, newest first. */
export function readRecordLabels(labels: readonly string[]): BackupRecord[] {
  const records = labels.map((label) => JSON.parse(label) as BackupRecord);
  const sorted = records.sort((a, b) => (a.time < b.time ? 1 : -1));
  return sorted.filter(
    ({ doing, volume }, index) => sorted.findIndex((other) => other.doing === doing && other.volume === volume) === index,
  );
}

/** Why no new release may go live before a drill, one line for each volume. */
export function drillProblems(
  { maxDrillAge }: BackupsSettings,
  volumes: readonly VolumeBackup[],
  records: readonly BackupRecord[],
  now: Date,
): string[] {
  if (maxDrillAge === undefined) return [];
  return volumes.flatMap(({ volume }) => {
    const last = records.find((record) => record.doing === "drill" && record.volume === volume);
    const age = last ? (now.getTime() - Date.parse(last.time)) / 1000 : undefined;
    if (last?.good && age !== undefined && age <= maxDrillAge) return [];
    const why = !last
      ? "there was none yet"
      : last.good
        ? `the last one is ${ageInWords(age ?? 0)} old`
        : `the last one failed: ${last.why}`;
    return [
      `berth:backups.maxDrillAge asks for a good drill of volume ${volume} within ${ageInWords(maxDrillAge)}, but ${why}. Make one: npm run drill -- ${volume}`,
    ];
  });
}
