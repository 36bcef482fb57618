import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../support/folders.ts";
import { commandOf, endStrays, findProcess, isAlive, isPulumis, MARK, markOf, straysAmong } from "../../../stack/processes.ts";

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
  const host = { pid: 11, command: 1, name: "pulumi-language", words: [] };
  const ofMine = { pid: 21, command: 2, name: "node", words: ["node", "steps/gate.ts"] };
  const alive =
    (...pids: number[]) =>
    (pid: number) =>
      pids.includes(pid);

  test("those of a command that is gone are strays, and those of this one when its Pulumi has ended", () => {
    expect(straysAmong([host, ofMine], 2, alive(2))).toEqual([11, 21]);
  });

  test("those of another command that lives are not", () => {
    expect(straysAmong([host], 2, alive(1, 2))).toEqual([]);
  });

  test("those of a Pulumi that is still at work are not, though its command is gone", () => {
    expect(straysAmong([host, { pid: 10, command: 1, name: "pulumi", words: [] }], 2, alive(2))).toEqual([]);
  });
});

test.each([
  ["Pulumi", "pulumi", ["pulumi", "up"]],
  ["its language host", "pulumi-language", ["/x/pulumi-language-nodejs"]],
  ["a plugin", "pulumi-resource", ["/x/pulumi-resource-docker"]],
  ["the program", "node", ["node", "/x/node_modules/@pulumi/pulumi/cmd/run/index.js", "."]],
  ["a step", "node", ["node", "steps/gate.ts"]],
  ["the shell of a step", "sh", ["/bin/sh", "-c", "node steps/gate.ts"]],
  ["docker for a step", "docker", ["docker", "exec", "x"]],
])("%s does Pulumi's work", (_, name, words) => {
  expect(isPulumis({ name, words })).toBe(true);
});

test.each([
  ["gpg-agent", ["gpg-agent", "--homedir", "/home/ann/.gnupg", "--daemon"]],
  ["ssh-agent", ["ssh-agent", "-s"]],
  ["node", ["node", "/opt/bitwarden/bw.js", "serve"]],
  ["sh", ["sh", "-c", "pass show token"]],
])("%s, which a user's program has started, does not", (name, words) => {
  expect(isPulumis({ name, words })).toBe(false);
});

(existsSync("/proc/stat") ? test : test.skip)("knows when a process began, and its name", async () => {
  const before = Date.now();
  const child = spawn("sleep", ["60"]);
  await once(child, "spawn");
  const found = findProcess(child.pid ?? 0);
  expect(found?.name).toBe("sleep");
  expect(Math.abs((found?.began ?? 0) - before)).toBeLessThan(3000); // the machine's start is known to the second
  child.kill();
  await once(child, "exit");
  expect(findProcess(child.pid ?? 0)).toBeUndefined();
});

(existsSync("/proc/self/environ") ? test : test.skip)("ends what this command's Pulumi has left, and nothing else", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "steps"));
  writeFileSync(join(folder, "steps/wait.ts"), "setTimeout(() => {}, 60_000);");
  const start = (mark: string, program: string, ...words: string[]) =>
    spawn(program, words, { cwd: folder, env: { ...process.env, [MARK]: mark } });
  const stray = start(markOf("/a/checkout"), process.execPath, "steps/wait.ts");
  const agent = start(markOf("/a/checkout"), "sleep", "60");
  const other = start(markOf("/other/checkout"), process.execPath, "steps/wait.ts");
  await Promise.all([stray, agent, other].map((child) => once(child, "spawn")));
  const ended = once(stray, "exit");
  endStrays("/a/checkout");
  expect(await ended).toEqual([null, "SIGKILL"]);
  for (const child of [agent, other]) {
    expect(child.exitCode ?? child.signalCode).toBeNull();
    child.kill();
  }
});
