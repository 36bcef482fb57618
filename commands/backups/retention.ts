/** Which backups of a volume are too many. Pure. */
import type { Keep, KeepRules } from "../../settings/settings.ts";
import type { Backup } from "./snapshots.ts";

/** A clock that is set right may go back by so much, in milliseconds: what is dated later by more than that was made by a wrong one. */
const SLACK = 3_600_000;

export interface Retention {
  /** Those that are too many. */
  readonly surplus: readonly Backup[];
  /** Those that are dated later than the one that was just made: they stay, and count for nothing. */
  readonly future: readonly Backup[];
}

/**
 * What is to become of the earlier backups, now that one was made, which always stays. How many of the last ones stay is told by
 * their numbers, the order of making; the other rules go by their times, in UTC, and take the same ones as `restic forget` does.
 */
export function retention(made: Backup, earlier: readonly Backup[], keep: Keep): Retention {
  const future = earlier.filter(({ time }) => Date.parse(time) > Date.parse(made.time) + SLACK);
  const counted = [made, ...earlier.filter((backup) => !future.includes(backup))];
  const rules: KeepRules = typeof keep === "number" ? { last: keep } : keep;
  const byNumber = counted.toSorted((a, b) => b.number - a.number);
  const byTime = counted.toSorted((a, b) => Date.parse(b.time) - Date.parse(a.time));
  const ofPeriods = Object.entries(PERIODS).flatMap(([rule, periodOf]) => newestOf(byTime, rules[rule as Period] ?? 0, periodOf));
  const kept = new Set([made, ...byNumber.slice(0, rules.last ?? 0), ...ofPeriods]);
  return { surplus: earlier.filter((backup) => !future.includes(backup) && !kept.has(backup)), future };
}

type Period = Exclude<keyof KeepRules, "last">;

/** What is the same for all backups of one hour, day and so on. */
const PERIODS: Readonly<Record<Period, (time: Date) => string>> = {
  hourly: (time) => time.toISOString().slice(0, 13),
  daily: (time) => time.toISOString().slice(0, 10),
  weekly: weekOf,
  monthly: (time) => time.toISOString().slice(0, 7),
  yearly: (time) => time.toISOString().slice(0, 4),
};

/** Weeks begin on Mondays: the one of a time, by its Monday. */
function weekOf(time: Date): string {
  const day = new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate()));
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  return day.toISOString().slice(0, 10);
}

/** Of so many periods the newest backup; where there are fewer periods, the oldest backup as well, so that the past grows. */
function newestOf(newestFirst: readonly Backup[], periods: number, periodOf: (time: Date) => string): Backup[] {
  const kept: Backup[] = [];
  let last: string | undefined;
  for (const [index, backup] of newestFirst.entries()) {
    if (kept.length === periods) break;
    const period = periodOf(new Date(backup.time));
    if (period !== last || index === newestFirst.length - 1) kept.push(backup);
    last = period;
  }
  return kept;
}
