import { freeIn, lackOf, newVolume, removeUnfinished, restoreInto } from "../../../commands/backups/restoreInto.ts";
import type { Backup } from "../../../commands/backups/snapshots.ts";
import { withVolume } from "../../../commands/backups/swap.ts";
import { context, ENGINE, restic } from "../../support/backupEngine.ts";
import { OWNER } from "../../support/configuration.ts";
import { listed, useEngine } from "../../support/useEngine.ts";

const volume = (name: string, part: string, marked: string) => ({
  urn: `urn:${name}`,
  type: "docker:index/volume:Volume",
  id: name,
  protect: true,
  inputs: {
    __defaults: ["name"],
    name,
    labels: [
      { label: "berth.part", value: part },
      { label: "berth.volume", value: marked },
    ],
  },
  outputs: { id: name, name, driver: "local", mountpoint: `/var/lib/docker/volumes/${name}/_data`, labels: [] },
});
const record = (...resources: object[]) =>
  JSON.stringify({
    version: 3,
    deployment: { manifest: { version: "1" }, resources: [{ urn: "urn:stack", type: "pulumi:pulumi:Stack" }, ...resources] },
  });

describe("the record with another volume", () => {
  test("differs in the name of that volume alone", () => {
    const before = record(
      volume("berth-dev-data-volume-1", "data", "data"),
      volume("berth-dev-files-volume-2", "data", "files"),
      volume("x", "gateway", "data"),
    );
    const changed = withVolume(before, "data", "berth-dev-data-volume-1", "berth-dev-data-restored-3");
    const restored = { ...volume("berth-dev-data-restored-3", "data", "data"), urn: "urn:berth-dev-data-volume-1" };
    expect(changed).toBe(record(restored, volume("berth-dev-files-volume-2", "data", "files"), volume("x", "gateway", "data")));
    expect(withVolume(changed, "data", "berth-dev-data-restored-3", "berth-dev-data-volume-1")).toBe(before);
  });

  test.each([
    ["another one serves by now", record(volume("other", "data", "data"))],
    ["there is none", record()],
    ["two claim to be it", record(volume("from", "data", "data"), volume("from", "data", "data"))],
  ])("is not made where %s", (_, text) => {
    expect(() => withVolume(text, "data", "from", "to")).toThrow("Pulumi's record has no volume data that is from on the engine");
  });
});

test("the free room is told by df, in bytes", () => {
  expect(freeIn("Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 264212084 23909960 71591304 25% /volume\n")).toBe(
    71591304 * 1024,
  );
  expect(freeIn("")).toBe(0);
});

describe("a new volume", () => {
  test("is marked before it is there, until it is whole", async () => {
    const engine = useEngine([{ to: "create volume " }, { to: "remove volume " }]);
    const made = await newVolume(OWNER, "data", "data");
    await made.keep();
    expect(made.name).toMatch(/^berth-dev-data-restored-[0-9a-f]{8}$/);
    expect(engine.calls()).toEqual([
      `create volume ${made.name}-unfinished`,
      `create volume ${made.name}`,
      `remove volume ${made.name}-unfinished`,
    ]);
    expect(engine.sent("create volume ")).toMatchObject([
      { Labels: { "berth.part": "backup", "berth.unfinished": made.name } },
      { Labels: { "berth.part": "data", "berth.volume": "data" } },
    ]);
  });

  test("that a killed restore has left is removed, unless it serves", async () => {
    const marks = ["a", "b"].map((name) => ({ Name: `${name}-unfinished`, Labels: { "berth.unfinished": name } }));
    const mounts = "containers all label=berth.project=berth label=berth.stack=dev volume=a";
    const engine = useEngine([
      { to: "volumes ", json: { Volumes: marks } },
      { to: mounts, json: [listed("look", {}, "created")] },
      { to: "remove id-look" },
      { to: "remove volume a" },
      { to: "remove volume b" },
    ]);
    await removeUnfinished(OWNER, "data", ["b"]);
    expect(engine.calls().slice(1)).toEqual([
      mounts,
      "remove id-look",
      "remove volume a",
      "remove volume a-unfinished",
      "remove volume b-unfinished",
    ]);
  });
});

describe("what was restored", () => {
  const backup = (files: number): Backup => ({
    id: "aabbccdd11",
    volume: "data",
    number: 1,
    time: "2026-01-01T03:00:00Z",
    release: "r",
    size: files,
    files,
    source: "",
    doubt: "",
  });
  const summary = (restored: number) => `${JSON.stringify({ message_type: "summary", total_files: restored, files_restored: restored })}\n`;

  test("is at least as many files as the backup has, and the volume's own folder", () => {
    expect(lackOf(backup(3), summary(4))).toBe("");
    expect(lackOf(backup(0), summary(1))).toBe("");
    expect(lackOf(backup(3), summary(3))).toBe(
      "backup aabbccdd has 3 files, and 2 were restored from it: it is worth nothing. Try another one: npm run backups",
    );
    expect(lackOf(backup(3), "")).toMatch(/and 0 were restored/);
  });

  test("is an error where restic calls it good and it is nothing", async () => {
    const look = "berth-dev-backup-look-";
    const engine = useEngine([
      {
        to: `exec ${look}`,
        stdout: "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 264212084 23909960 71591304 25% /volume",
        times: 1,
      },
      { to: `exec ${look}`, stdout: summary(1) },
      ...ENGINE,
    ]);
    await expect(restoreInto(OWNER, context.backups, backup(3), "scratch", () => undefined)).rejects.toThrow(
      "backup aabbccdd has 3 files, and 0 were restored from it",
    );
    const [, words = ""] = engine.calls().filter((call) => call.startsWith("exec "));
    expect(words.replace(/look-\w+/, "look")).toBe(
      restic("restore --json --verify --sparse --target / --include /volume aabbccdd11", "berth-dev-backup-look"),
    );
    expect(engine.calls().at(-1)).toMatch(/^wait berth-dev-backup-look-/);
  });
});
