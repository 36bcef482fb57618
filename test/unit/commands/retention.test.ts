import { retention } from "../../../commands/backups/retention.ts";
import type { Backup } from "../../../commands/backups/snapshots.ts";
import type { Keep } from "../../../settings/settings.ts";

const backup = (number: number, time: string): Backup => ({
  id: `${time}`,
  volume: "data",
  number,
  time,
  release: "r",
  size: 1,
  files: 1,
  source: "one",
  doubt: "",
});
/** One a time, in the order of making; the last one was just made. */
const kept = (keep: Keep, ...times: string[]) => {
  const all = times.map((time, index) => backup(index + 1, time));
  const made = all.at(-1) as Backup;
  const { surplus, future } = retention(made, all.slice(0, -1), keep);
  return { kept: all.filter((one) => !surplus.includes(one)).map(({ time }) => time), future: future.map(({ time }) => time) };
};
const days = (count: number, hour = "03") =>
  Array.from({ length: count }, (_, day) => `2026-01-${String(day + 1).padStart(2, "0")}T${hour}:00:00Z`);

describe("a number keeps so many of the last ones", () => {
  test("by the order of making, whatever the clock said", () => {
    expect(kept(2, ...days(4)).kept).toEqual(days(4).slice(2));
    expect(kept(3, ...days(3)).kept).toEqual(days(3));
    expect(kept(2, "2026-01-03T00:00:00Z", "1999-01-01T00:00:00Z", "2026-01-04T00:00:00Z").kept).toEqual([
      "1999-01-01T00:00:00Z",
      "2026-01-04T00:00:00Z",
    ]);
  });

  test("and none that a clock made that was a year ahead: it stays, and the honest ones are counted without it", () => {
    const [one = "", two = "", three = ""] = days(3);
    expect(kept(1, one, "2027-01-01T03:00:00Z", two)).toEqual({ kept: ["2027-01-01T03:00:00Z", two], future: ["2027-01-01T03:00:00Z"] });
    expect(kept(2, one, two, "2027-01-01T03:00:00Z", three)).toEqual({
      kept: [two, "2027-01-01T03:00:00Z", three],
      future: ["2027-01-01T03:00:00Z"],
    });
  });

  test("and all, where the clock is behind now", () => {
    expect(kept(1, ...days(3), "1970-01-01T00:00:05Z")).toEqual({ kept: [...days(3), "1970-01-01T00:00:05Z"], future: days(3) });
  });

  test("also where the clock was set back a little", () => {
    expect(kept(1, "2026-01-01T03:00:10Z", "2026-01-01T03:00:00Z")).toEqual({ kept: ["2026-01-01T03:00:00Z"], future: [] });
  });
});

describe("rules keep the newest of each hour, day, week, month and year, as restic does", () => {
  test("a busy day does not remove what was before", () => {
    const busy = ["05", "06", "07", "08"].map((hour) => `2026-01-10T${hour}:00:00Z`);
    expect(kept({ daily: 7 }, ...days(9), ...busy).kept).toEqual([...days(9).slice(3), "2026-01-10T08:00:00Z"]);
    expect(kept({ last: 2, daily: 2 }, ...days(9), ...busy).kept).toEqual([...days(9).slice(8), ...busy.slice(2)]);
  });

  test("what any of them keeps stays; where there are fewer periods, the oldest stays as well", () => {
    const hours = ["01", "02", "03"].flatMap((hour) => [`2026-01-01T${hour}:10:00Z`, `2026-01-01T${hour}:50:00Z`]);
    expect(kept({ hourly: 2 }, ...hours).kept).toEqual([hours[3], hours[5]]);
    expect(kept({ hourly: 5 }, ...hours).kept).toEqual([hours[0], hours[1], hours[3], hours[5]]);
    const months = ["2024-11-30", "2025-11-30", "2025-12-31", "2026-01-01", "2026-01-31"].map((day) => `${day}T12:00:00Z`);
    expect(kept({ monthly: 2 }, ...months).kept).toEqual([months[2], months[4]]);
    expect(kept({ yearly: 3 }, ...months).kept).toEqual([months[0], months[2], months[4]]);
    expect(kept({ monthly: 1, yearly: 2 }, ...months).kept).toEqual([months[2], months[4]]);
  });

  test("weeks begin on Mondays, also over the end of a year", () => {
    // Sunday, Monday, Thursday, Sunday, Monday
    const around = ["2025-12-28", "2025-12-29", "2026-01-01", "2026-01-04", "2026-01-05"].map((day) => `${day}T12:00:00Z`);
    expect(kept({ weekly: 2 }, ...around).kept).toEqual([around[3], around[4]]);
    expect(kept({ weekly: 3 }, ...around).kept).toEqual([around[0], around[3], around[4]]);
  });

  test("the one that was just made stays, whatever they say and whatever the clock says", () => {
    expect(kept({ yearly: 1 }, "2026-01-01T03:40:00Z", "2026-01-01T03:00:00Z").kept).toEqual([
      "2026-01-01T03:40:00Z",
      "2026-01-01T03:00:00Z",
    ]);
  });

  test("what is dated in the future is not counted", () => {
    expect(kept({ daily: 2 }, ...days(3), "2030-01-01T00:00:00Z", "2026-01-04T00:00:00Z")).toEqual({
      kept: [days(3)[2], "2030-01-01T00:00:00Z", "2026-01-04T00:00:00Z"],
      future: ["2030-01-01T00:00:00Z"],
    });
  });
});
