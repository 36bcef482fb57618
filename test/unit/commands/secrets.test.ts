import { keptAs, processOf, type Running, usageOf } from "../../../commands/secrets/usage.ts";

const running = (container: string, hashes: Record<string, string>, gets?: readonly string[], made: readonly string[] = []): Running => ({
  container,
  process: container.split("-")[0] ?? "",
  hashes,
  gets,
  made,
});

describe("who runs with a secret", () => {
  test("is told for each, with today's value or with another", () => {
    const today = { pin: { hash: "new" }, token: { hash: "t" } };
    expect(
      usageOf({ token: "program", pin: "encrypted" }, today, [
        running("web-1", { pin: "new", token: "t" }),
        running("web-2", { pin: "old", token: "t" }),
        running("mail-1", { pin: "old" }),
      ]),
    ).toEqual([
      { name: "pin", kept: "encrypted", processes: ["mail", "web"], current: ["web-1"], old: ["mail-1", "web-2"] },
      { name: "token", kept: "program", processes: ["web"], current: ["web-1", "web-2"], old: [] },
    ]);
  });

  test("is nobody for one that was just set, and somebody for one that is not set any more", () => {
    expect(usageOf({ fresh: "encrypted" }, { fresh: { hash: "f" } }, [running("web-1", { gone: "g" })])).toEqual([
      { name: "fresh", kept: "encrypted", processes: [], current: [], old: [] },
      { name: "gone", kept: "unset", processes: ["web"], current: [], old: [] },
    ]);
  });

  test("is told of a secret that Berth makes for an accessory", () => {
    expect(usageOf({}, {}, [running("web-1", { "db-url": "d" }, undefined, ["db-url"])])).toEqual([
      { name: "db-url", kept: "made", processes: ["web"], current: [], old: [] },
    ]);
  });

  test("is said without a verdict where today's value is not known", () => {
    expect(usageOf({ pin: "program" }, { pin: { unknown: "locked" } }, [running("web-1", { pin: "p" })])).toEqual([
      { name: "pin", kept: "program", processes: ["web"], current: [], old: [], unknown: "locked" },
    ]);
  });

  test("is only who gets it, where containers carry the hashes of all", () => {
    const hashes = { a: "a", b: "b" };
    const users = usageOf({ a: "encrypted", b: "encrypted" }, { a: { hash: "a" }, b: { hash: "b" } }, [
      running("web-1", hashes, ["a"]),
      running("mail-1", hashes),
    ]);
    expect(users.map(({ processes }) => processes)).toEqual([["mail", "web"], ["mail"]]);
  });
});

test.each([
  ["berth-dev-web-1-0abcdef", "web"],
  ["berth-dev-worker-mail-out-12-0abcdef", "mail-out"],
  ["berth-dev-canary-web-1-0abcdef", "canary"],
])("the process of %s is %s", (container, process) => {
  expect(processOf(container, "berth", "dev")).toBe(process);
});

test.each<[unknown, string]>([
  [{ secure: "v1:abc" }, "encrypted"],
  [{ base64: { secure: "v1:abc" } }, "encrypted"],
  [{ command: ["pass", "show", "x"] }, "program"],
  ["hunter2", "plain"],
  [1234, "plain"],
  [{ base64: "aHVudGVyMg==" }, "plain"],
])("an entry like %j is %s", (entry, kept) => {
  expect(keptAs(entry)).toBe(kept);
});
