import { drill } from "../../../commands/backups/drillOne.ts";
import type { Context } from "../../../commands/backups/context.ts";
import { context, ENGINE, restic, snapshot } from "../../support/backupEngine.ts";
import { carried } from "../../support/configuration.ts";
import type { Answer } from "../../support/fakeEngine.ts";
import { listed, useEngine } from "../../support/useEngine.ts";

const LOOK = "berth-dev-backup-look-";
const summary = (restored: number) => JSON.stringify({ message_type: "summary", files_restored: restored });
const ANSWERS = (restored: number): Answer[] => [
  { to: restic("snapshots"), stdout: JSON.stringify([snapshot(1, 3), snapshot(2, 0, ["source=x"])]) },
  { to: restic("check") },
  {
    to: `exec ${LOOK}`,
    stdout: "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 264212084 23909960 71591304 25% /volume",
    times: 1,
  },
  { to: `exec ${LOOK}`, stdout: summary(restored) },
  { to: "remove volume " },
];
const checked: Context = {
  ...context,
  outputs: { ...context.outputs, image: "sha256:1", releases: [{ name: "r1", settings: carried() }] } as unknown as Context["outputs"],
};
const SETTINGS = { volume: "data", target: "/data", keep: 7 };
const record = (engine: ReturnType<typeof useEngine>) =>
  JSON.parse(
    (engine.sent("create volume berth-dev-drill-record").at(-1) as { Labels: Record<string, string> }).Labels["berth.record"] ?? "",
  ) as object;

beforeEach(() => void jest.spyOn(console, "error").mockImplementation(() => undefined));
afterEach(() => jest.restoreAllMocks());

test("a drill restores the newest backup that counts, and remembers it", async () => {
  const engine = useEngine([...ANSWERS(4), ...ENGINE]);
  expect(await drill(context, SETTINGS, () => undefined)).toMatchObject({ backup: "11111111", files: 3, check: null });
  expect(record(engine)).toMatchObject({ good: true, backup: "11111111" });
  const [scratch = ""] = engine.calls().filter((call) => /^create volume berth-dev-data-drill-\w+$/.test(call));
  expect(engine.calls()).toContain(scratch.replace("create", "remove"));
});

test("a drill that restores nothing of a backup with files is no good one", async () => {
  const engine = useEngine([...ANSWERS(1), ...ENGINE]);
  await expect(drill(context, SETTINGS, () => undefined)).rejects.toThrow("backup 11111111 has 3 files, and 0 were restored from it");
  expect(record(engine)).toMatchObject({ good: false, backup: "11111111" });
});

describe("the check", () => {
  const check = { ...SETTINGS, check: ["check.ts"] };
  const LEFT: Answer[] = [
    {
      to: "volumes label=berth.project=berth label=berth.stack=dev label=berth.volume=data label=berth.unfinished",
      json: { Volumes: [{ Name: "mark", Labels: { "berth.unfinished": "old" } }] },
    },
    { to: "containers all label=berth.project=berth label=berth.stack=dev volume=old", json: [listed("left-over")] },
  ];

  test("runs cut off, on the restored data, in the live release's image; what a killed drill has left is removed", async () => {
    const engine = useEngine([
      ...LEFT,
      { to: "remove id-left-over" },
      { to: "logs berth-dev-check-", stdout: "looking\n3 notes" },
      { to: "remove berth-dev-check-" },
      ...ANSWERS(4),
      ...ENGINE,
    ]);
    expect(await drill(checked, check, () => undefined)).toMatchObject({ check: "3 notes" });
    expect(engine.sent("create berth-dev-check-")[0]).toMatchObject({
      Image: "sha256:1",
      Cmd: ["check.ts"],
      User: "1000:1000",
      HostConfig: {
        NetworkMode: "none",
        ReadonlyRootfs: true,
        PidsLimit: 256,
        Mounts: [{ Type: "volume", Source: expect.stringMatching(/^berth-dev-data-drill-/) as string, Target: "/data" }],
      },
    });
    expect(engine.calls()).toContain("remove id-left-over");
    expect(engine.calls().filter((call) => call.startsWith("remove berth-dev-check-"))).toHaveLength(1);
  });

  test("that fails is told with its last words, and nothing is left of it", async () => {
    const engine = useEngine([
      { to: "wait berth-dev-check-", exit: 7 },
      { to: "logs berth-dev-check-", stderr: "rotten" },
      { to: "remove berth-dev-check-" },
      ...ANSWERS(4),
      ...ENGINE,
    ]);
    await expect(drill(checked, check, () => undefined)).rejects.toThrow(
      "the check of the restored data failed with exit code 7: check.ts\n  rotten",
    );
    expect(record(engine)).toMatchObject({ good: false });
    expect(engine.calls().filter((call) => call.startsWith("remove berth-dev-check-"))).toHaveLength(1);
  });
});
