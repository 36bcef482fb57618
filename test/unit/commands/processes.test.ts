import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { commandOf, endStrays, isAlive, MARK, markOf, straysAmong } from "../../../stack/processes.ts";

test("knows the command that a process was started for, in this checkout only", () => {
  const environment = `PATH=/bin\0${MARK}=${markOf("/a b/checkout", 42)}\0HOME=/root`;
  expect(commandOf(environment, "/a b/checkout")).toBe(42);
  expect(commandOf(environment, "/other")).toBeUndefined();
  expect(commandOf("PATH=/bin", "/a b/checkout")).toBeUndefined();
});

test("a process is alive until it has ended", async () => {
  expect(isAlive(process.pid)).toBe(true);
  const child = spawn("true");
  await once(child, "exit");
  expect(isAlive(child.pid ?? 0)).toBe(false);
});

describe("of the processes that Pulumi has started", () => {
  const host = { pid: 11, command: 1, name: "pulumi-language" };
  const ofMine = { pid: 21, command: 2, name: "node" };
  const alive = (...pids: number[]) => (pid: number) => pids.includes(pid);

  test("those of a command that is gone are strays, and those of this one when its Pulumi has ended", () => {
    expect(straysAmong([host, ofMine], 2, alive(2))).toEqual([11, 21]);
  });

  test("those of another command that lives are not", () => {
    expect(straysAmong([host], 2, alive(1, 2))).toEqual([]);
  });

  test("those of a Pulumi that is still at work are not, though its command is gone", () => {
    expect(straysAmong([host, { pid: 10, command: 1, name: "pulumi" }], 2, alive(2))).toEqual([]);
  });
});

(existsSync("/proc/self/environ") ? test : test.skip)("ends what this command's Pulumi has left, and nothing else", async () => {
  const [stray, other] = [markOf("/a/checkout"), markOf("/other/checkout")].map((mark) => spawn("sleep", ["60"], { env: { ...process.env, [MARK]: mark } }));
  if (!stray || !other) throw new Error("two were started");
  await Promise.all([once(stray, "spawn"), once(other, "spawn")]);
  const ended = once(stray, "exit");
  endStrays("/a/checkout");
  expect(await ended).toEqual([null, "SIGKILL"]);
  expect(other.exitCode).toBeNull();
  other.kill();
});
