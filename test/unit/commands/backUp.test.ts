import { backUp } from "../../../commands/backups/backUp.ts";
import type { VolumeBackup } from "../../../settings/settings.ts";
import { context, ENGINE, reads, restic, resticCalls, snapshot, VOLUME, WORKSPACE } from "../../support/backupEngine.ts";
import type { Answer } from "../../support/fakeEngine.ts";
import { inspected, listed, useEngine } from "../../support/useEngine.ts";

const settings: VolumeBackup = { volume: "data", target: "/data", keep: 2 };
const OPTIONS = { init: false, accepted: false };
const has = (...snapshots: object[]): Answer => ({ to: restic("snapshots"), stdout: JSON.stringify(snapshots) });
const FORGOTTEN: Answer = { to: restic("forget") };
/** The records that were written, newest first. */
const records = (engine: ReturnType<typeof useEngine>) =>
  engine
    .sent("create volume ")
    .map((body) => JSON.parse((body as { Labels: Record<string, string> }).Labels["berth.record"] ?? "") as Record<string, unknown>);

beforeEach(() => void jest.spyOn(console, "error").mockImplementation(() => undefined));
afterEach(() => jest.restoreAllMocks());

test("a backup is made of the volume that is there, and the ones that are too many are removed", async () => {
  const engine = useEngine([reads(10), has(snapshot(1, 10), snapshot(2, 10)), FORGOTTEN, ...ENGINE]);
  expect(await backUp(context, settings, OPTIONS)).toMatchObject({
    backup: "99999999",
    files: 10,
    removed: ["11111111"],
    kept: 2,
    warnings: [],
  });
  expect(resticCalls(engine.calls()).map((call) => call.split(" ")[0])).toEqual(["snapshots", "backup", "forget"]);
  expect(resticCalls(engine.calls())[1]).toMatch(
    /^backup --json --parent 2222222222 --host berth-dev --tag volume=data --tag number=3 --tag release=r1 --tag source=[0-9a-f]{12} \/volume$/,
  );
  expect(resticCalls(engine.calls())[2]).toBe("forget --prune 1111111111");
  expect(records(engine)).toMatchObject([{ good: true, backup: "99999999" }]);
  expect((engine.sent(`attach ${WORKSPACE}`)[0] as Buffer[]).map(String).join("")).toContain(
    `password ${Buffer.from("longenough").toString("base64")}\n`,
  );
  expect(JSON.stringify(engine.sent("create "))).not.toContain("longenough");
});

describe("a volume that is not what it was", () => {
  test("where it is not on the engine, is refused before anything is made", async () => {
    const engine = useEngine([{ to: `volume ${VOLUME}`, status: 404 }, ...ENGINE]);
    await expect(backUp(context, settings, OPTIONS)).rejects.toThrow(
      `stack dev has the data of data in volume ${VOLUME}, and the Docker engine at ${engine.host} has no such volume. Nothing was made, and no backup was removed.`,
    );
    expect(engine.calls().sort()).toEqual(["info", `volume ${VOLUME}`]);
  });

  test("where an engine has made it for a mount, is refused before anything is made, unless that is said to be right", async () => {
    const nameless: Answer = { to: `volume ${VOLUME}`, json: { Name: VOLUME, Labels: null } };
    const engine = useEngine([nameless, reads(10), has(snapshot(1, 10)), ...ENGINE]);
    await expect(backUp(context, settings, OPTIONS)).rejects.toThrow(
      /under that name was not made by Berth: engines make an empty volume .*\n.*\n.*npm run restore -- data --stack dev\n.*npm run backup -- data --accept --stack dev/,
    );
    expect(engine.calls().sort()).toEqual(["info", `volume ${VOLUME}`]);
    expect(await backUp(context, settings, { init: false, accepted: true })).toMatchObject({ files: 10 });
    expect(resticCalls(engine.calls()).at(-1)).toContain("--tag accepted");
  });

  test("where the engine does not answer, is no volume that is gone", async () => {
    useEngine([{ to: `volume ${VOLUME}`, status: 500, message: "busy" }, ...ENGINE]);
    await expect(backUp(context, settings, OPTIONS)).rejects.toThrow(/refused volume berth-dev-data-1: busy$/);
  });

  test.each([
    [0, "there is nothing in it: it has 0 files (0 bytes), where backup 22222222 of 2026-03-02 03:00:00 has 100 files (97.7 KiB)"],
    [4, "it has shrunk to 4 files (3.9 KiB), where backup 22222222 of 2026-03-02 03:00:00 has 100 files (97.7 KiB)"],
  ])("with %d files where there were 100, is no backup, and removes none", async (files, why) => {
    const engine = useEngine([reads(files), has(snapshot(1, 100), snapshot(2, 100)), FORGOTTEN, ...ENGINE]);
    const failed = backUp(context, { ...settings, keep: 1 }, OPTIONS);
    await expect(failed).rejects.toThrow(
      `what was read of volume data (${VOLUME} on the Docker engine at ${engine.host}) is no backup: ${why}. It was not kept, and no earlier one was removed.`,
    );
    await expect(failed).rejects.toThrow("npm run backup -- data --accept --stack dev");
    expect(resticCalls(engine.calls()).filter((call) => call.startsWith("forget"))).toEqual(["forget 9999999999"]);
    expect(records(engine)).toMatchObject([{ good: false, backup: "" }]);
  });

  test("counts where somebody accepts it", async () => {
    const engine = useEngine([reads(0), has(snapshot(1, 100), snapshot(2, 100)), FORGOTTEN, ...ENGINE]);
    expect(await backUp(context, { ...settings, keep: 1 }, { init: false, accepted: true })).toMatchObject({
      files: 0,
      removed: ["22222222", "11111111"],
    });
    expect(records(engine)).toMatchObject([{ good: true }]);
  });

  test("counts under another source where it has about as much in it, and says so", async () => {
    useEngine([reads(90), has(snapshot(1, 100, ["source=another"])), ...ENGINE]);
    const { warnings = [] } = (await backUp(context, settings, OPTIONS)) ?? {};
    expect(warnings).toEqual([
      `${VOLUME} is another volume than the one that was backed up before, with about as much in it: it was restored, or moved`,
    ]);
  });

  test("does not count where it cannot be taken away again: later ones remove it, and it is nobody's parent", async () => {
    const none = snapshot(3, 0, ["source=another"]);
    const engine = useEngine([reads(100), has(snapshot(1, 100), snapshot(2, 100), none), FORGOTTEN, ...ENGINE]);
    expect(await backUp(context, { ...settings, keep: 5 }, OPTIONS)).toMatchObject({ removed: ["33333333"], kept: 3 });
    expect(resticCalls(engine.calls())[1]).toMatch(/--parent 2222222222 .*number=4/);
  });
});

test("an empty volume that always was is a backup with a warning", async () => {
  useEngine([reads(0), has(), ...ENGINE]);
  expect(await backUp(context, settings, OPTIONS)).toMatchObject({
    warnings: [`there is nothing in volume data (${VOLUME}), so there is nothing in backup 99999999`],
  });
});

test("what is dated in the future stays, is warned of, and makes no honest one go", async () => {
  const future = { ...snapshot(2, 10), time: "2027-03-02T03:00:00Z" };
  useEngine([reads(10), has(snapshot(1, 10), future), ...ENGINE]);
  expect(await backUp(context, settings, OPTIONS)).toMatchObject({
    removed: [],
    kept: 3,
    warnings: [
      "backup 22222222 is dated 2027-03-02 03:00:00, by a clock that was wrong: it stays, and does not count among those that are kept",
    ],
  });
});

describe("a repository that is gone", () => {
  const GONE: Answer = { to: restic("snapshots"), exit: 10, stderr: "no repository" };
  const remembered = (record: object): Answer => ({
    to: "volumes ",
    json: {
      Volumes: [
        {
          Name: "record-1",
          Labels: {
            "berth.record": JSON.stringify({
              doing: "backup",
              volume: "data",
              time: "2026-03-09T03:00:00Z",
              backup: "",
              made: "",
              why: "",
              ...record,
            }),
          },
        },
      ],
    },
  });

  test.each([
    ["a good backup was made before", { good: true }],
    ["the last one failed, and one before it was good", { good: false, wasGood: true }],
  ])("is not begun anew where %s", async (_, record) => {
    const engine = useEngine([GONE, remembered(record), { to: "remove volume record-1" }, ...ENGINE]);
    await expect(backUp(context, settings, OPTIONS)).rejects.toThrow(
      "the repository at /b, which backups were made in, is gone: is its disk mounted?",
    );
    expect(resticCalls(engine.calls()).filter((call) => call.startsWith("init"))).toEqual([]);
    expect(records(engine)).toMatchObject([{ good: false, wasGood: true }]);
  });

  test("is begun where there never was one", async () => {
    const engine = useEngine([GONE, { to: restic("init") }, reads(3), ...ENGINE]);
    expect(await backUp(context, settings, OPTIONS)).toMatchObject({ kept: 1 });
    expect(records(engine)).toMatchObject([{ good: true, wasGood: false }]);
  });
});

describe("what fails is told by what failed first", () => {
  test("where it cannot be written down either", async () => {
    useEngine([{ to: restic("snapshots"), exit: 12 }, { to: "create volume ", status: 500, message: "disk full" }, ...ENGINE]);
    await expect(backUp(context, settings, OPTIONS)).rejects.toThrow("berth:backups.password does not open the repository at /b");
    expect(console.error).toHaveBeenCalledWith(expect.stringContaining("disk full"));
  });

  test("and that the container of the hooks cannot be asked for is no end of it", async () => {
    const host = inspected("web-1");
    const hooks: Answer[] = [
      { to: "containers ", json: [listed("web-1", { "berth.part": "web" })] },
      { to: "inspect web-1", json: host, times: 1 },
      { to: "inspect web-1", status: 500, message: "busy" },
      { to: "exec web-1 hold begin" },
    ];
    const engine = useEngine([...hooks, reads(10), has(snapshot(1, 10)), FORGOTTEN, ...ENGINE]);
    await expect(backUp(context, { ...settings, preHook: ["hold", "begin"] }, OPTIONS)).rejects.toThrow(/refused container web-1: busy$/);
    expect(resticCalls(engine.calls()).filter((call) => call.startsWith("forget"))).toEqual(["forget 9999999999"]);
  });

  test("and nothing is kept of it where a hook fails", async () => {
    const hooks: Answer[] = [
      { to: "containers ", json: [listed("web-1", { "berth.part": "web" })] },
      { to: "inspect web-1", json: inspected("web-1") },
      { to: "exec web-1 hold end", exit: 3, stderr: "no luck" },
    ];
    const engine = useEngine([...hooks, reads(10), has(snapshot(1, 10)), FORGOTTEN, ...ENGINE]);
    await expect(backUp(context, { ...settings, postHook: ["hold", "end"] }, OPTIONS)).rejects.toThrow(
      "the postHook failed in container web-1 with exit code 3: hold end\n  no luck",
    );
    expect(resticCalls(engine.calls()).filter((call) => call.startsWith("forget"))).toEqual(["forget 9999999999"]);
  });
});
