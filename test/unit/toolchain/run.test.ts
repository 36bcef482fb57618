import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { CommandFailed, run, stopChildren } from "../../../toolchain/run.ts";

test("a program's standard output is returned, each line is told as it comes", async () => {
  const lines: string[] = [];
  const script = "echo one; echo two; echo aside >&2";
  expect(await run("sh", ["-c", script], { onLine: (line) => lines.push(line) })).toBe("one\ntwo");
  expect(lines.sort()).toEqual(["aside", "one", "two"]);
});

test("a failure tells the command, its end and the last lines only", async () => {
  const failing = run("sh", ["-c", "seq 1 40; exit 3"]);
  await expect(failing).rejects.toThrow(CommandFailed);
  await expect(failing).rejects.toThrow(/^sh -c seq 1 40; exit 3 ended with exit code 3\n {2}26\n/);
  await expect(failing).rejects.not.toThrow(/\n {2}25\n/);
});

test("a program that is not there is a failure too", async () => {
  await expect(run("no-such-program", [])).rejects.toThrow(/^no-such-program( ended|: spawn)[\s\S]*(No such file|ENOENT)/);
});

test("a program that takes too long is ended with all it has started", async () => {
  const started = performance.now();
  await expect(run("sh", ["-c", "sleep 30 & sleep 30"], { timeoutSeconds: 0.1 })).rejects.toThrow("gave no result in 0.1 s");
  expect(performance.now() - started).toBeLessThan(2000);
});

test("a program ends also when the process that runs it is killed", async () => {
  const module = resolve(__dirname, "../../../toolchain/run.ts");
  const program = `import { run } from ${JSON.stringify(module)}; await run("sh", ["-c", "echo $$; sleep 30"], { onLine: console.log });`;
  const parent = spawn(process.execPath, ["--input-type=module", "--eval", program]);
  const pid = Number(await new Promise((line) => parent.stdout.once("data", line)));
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  parent.kill("SIGKILL");
  await new Promise((ended) => parent.on("exit", ended));
  await expect(gone(pid)).resolves.toBe(true);
});

/** Waits until a process is no more than an entry that nobody has collected. */
async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, "utf8") : "";
    if (status === "" || /^State:\s+Z/m.test(status)) return true;
    await new Promise((next) => setTimeout(next, 20));
  }
  return false;
}

test("what is still running can be ended at once", async () => {
  let ready = () => {};
  const isReady = new Promise<void>((resolve) => (ready = resolve));
  const running = run("sh", ["-c", "echo ready; sleep 30"], { onLine: () => ready() });
  await isReady;
  stopChildren();
  await expect(running).rejects.toThrow("ended with SIGTERM");
});
