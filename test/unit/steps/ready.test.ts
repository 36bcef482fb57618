import { type Answer, fakeDocker } from "../../support/fakeDocker.ts";
import { runStep } from "../../support/step.ts";

const INPUT = { accessory: "database", container: "berth-dev-database", id: "0123", check: ["is-well"], deadline: 1 };
const CHECK = "exec berth-dev-database is-well";
const FAILS: Answer = { to: CHECK, stderr: "connection refused\nis it running?", exit: 2 };
const LOG: Answer = { to: "logs --tail 50 berth-dev-database", stdout: "incompatible with server" };
const state = (words: string): Answer => ({ to: "inspect --format {{.State.Status}} {{.State.ExitCode}} berth-dev-database", stdout: words });

test.concurrent("an accessory is ready as soon as its check passes", async () => {
  const docker = fakeDocker([{ ...FAILS, times: 2 }, { to: CHECK }, state("running 0")]);
  const { code, stdout, stderr } = await runStep("ready", { ...INPUT, deadline: 60 }, docker);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^accessory database is ready after \d+\.\d s\n$/);
  expect(docker.calls().filter(([verb]) => verb === "exec")).toHaveLength(3);
});

test.concurrent.each(["exited 1", "restarting 1"])("one that is %s fails at once, with its log", async (words) => {
  const docker = fakeDocker([FAILS, state(words), LOG]);
  const { code, stderr } = await runStep("ready", { ...INPUT, deadline: 60 }, docker);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^accessory database is not ready: its container ended with exit code 1 after \d+\.\d s\n {2}last log lines of berth-dev-database:\n {4}incompatible with server\n {2}Its data are as they were\./);
});

test.concurrent("one that does not answer fails at its deadline, with the last words of its check", async () => {
  const docker = fakeDocker([FAILS, state("running 0"), LOG]);
  const { code, stderr } = await runStep("ready", INPUT, docker);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^accessory database is not ready: it does not answer after 1\.\d s: is it running\?\n/);
});
