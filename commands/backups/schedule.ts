/** Which volumes are due. Pure. */
import { Cron } from "croner";
import type { BackupRecord } from "../../engine/backupRecord.ts";
import type { VolumeBackup } from "../../settings/settings.ts";

/** A backup that failed is tried again after so long, in milliseconds. */
const AGAIN = 15 * 60_000;

/**
 * Whether the schedule has had a time since the last backup. Where there was none, or where it is later than now because
 * a clock was wrong, it is due: one too many does no harm.
 */
export function isDue(
  { volume, schedule }: Pick<VolumeBackup, "volume" | "schedule">,
  records: readonly BackupRecord[],
  now: Date,
): boolean {
  if (schedule === undefined) return false;
  const last = records.find((record) => record.doing === "backup" && record.volume === volume);
  const time = last ? new Date(last.time) : undefined;
  if (!last || !time || time > now) return true;
  if (!last.good) return now.getTime() - time.getTime() >= AGAIN;
  const next = new Cron(schedule, { paused: true }).nextRun(time);
  return next !== null && next <= now;
}
