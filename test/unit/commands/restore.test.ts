import { freeIn } from "../../../commands/backups/restoreInto.ts";
import { withVolume } from "../../../commands/backups/swap.ts";

const volume = (name: string, part: string, marked: string) => ({
  urn: `urn:${name}`,
  type: "docker:index/volume:Volume",
  id: name,
  protect: true,
  inputs: { __defaults: ["name"], name, labels: [{ label: "berth.part", value: part }, { label: "berth.volume", value: marked }] },
  outputs: { id: name, name, driver: "local", mountpoint: `/var/lib/docker/volumes/${name}/_data`, labels: [] },
});
const record = (...resources: object[]) => JSON.stringify({ version: 3, deployment: { manifest: { version: "1" }, resources: [{ urn: "urn:stack", type: "pulumi:pulumi:Stack" }, ...resources] } });

describe("the record with another volume", () => {
  test("differs in the name of that volume alone", () => {
    const before = record(volume("berth-dev-data-volume-1", "data", "data"), volume("berth-dev-files-volume-2", "data", "files"), volume("x", "gateway", "data"));
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
  expect(freeIn("Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 264212084 23909960 71591304 25% /volume\n")).toBe(71591304 * 1024);
  expect(freeIn("")).toBe(0);
});
