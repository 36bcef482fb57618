import { bindMount, tmpfsMount, volumeMount } from "../../components/mounts.ts";
import { labelList, labels, ownedBy } from "../../release/labels.ts";
import { OWNER } from "../support/configuration.ts";

test("a volume is writable unless said otherwise", () => {
  expect(volumeMount("data-1", "/data")).toEqual({ type: "volume", source: "data-1", target: "/data", readOnly: false });
  expect(volumeMount("data-1", "/data", { readOnly: true })).toEqual({ type: "volume", source: "data-1", target: "/data", readOnly: true });
});

test("a folder of the host is read-only unless said otherwise", () => {
  expect(bindMount("/srv", "/files")).toEqual({ type: "bind", source: "/srv", target: "/files", readOnly: true });
  expect(bindMount("/srv", "/files", { readOnly: false })).toEqual({ type: "bind", source: "/srv", target: "/files", readOnly: false });
});

test("nobody may run programs from a memory file system, and its size is limited", () => {
  expect(tmpfsMount(64)).toBe("rw,noexec,nosuid,nodev,mode=1777,size=64m");
});

test("labels tell the stack and the part, and more where it is given", () => {
  expect(labels(OWNER, "web", { "berth.release": "abc" })).toEqual({
    "berth.project": "berth",
    "berth.stack": "dev",
    "berth.part": "web",
    "berth.release": "abc",
  });
});

test("labels become the provider's list in their order", () => {
  expect(labelList({ a: "1", b: "2" })).toEqual([
    { label: "a", value: "1" },
    { label: "b", value: "2" },
  ]);
});

test("a filter matches the things of one stack by project and stack both", () => {
  expect(ownedBy(OWNER)).toEqual({ label: ["berth.project=berth", "berth.stack=dev"] });
});
