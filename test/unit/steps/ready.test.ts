import { type Answer, fakeEngine } from "../../support/fakeEngine.ts";
import { runStep } from "../../support/step.ts";
import { container, noContainer } from "../../support/stepInputs.ts";

const NAME = "berth-dev-database";
const INPUT = { accessory: "database", container: NAME, id: "0123", check: ["is-well"], deadline: 1 };
const CHECK = `exec ${NAME} is-well`;
const FAILS: Answer = { to: CHECK, stderr: "connection refused\nis it running?", exit: 2 };
const LOG: Answer = { to: `logs ${NAME} tail=50`, stdout: "incompatible with server" };
const patient = { ...INPUT, deadline: 60 };

test.concurrent("an accessory is ready as soon as its check passes", async () => {
  const engine = fakeEngine([{ ...FAILS, times: 2 }, { to: CHECK }, container(NAME)]);
  const { code, stdout, stderr } = await runStep("ready", patient, engine);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^accessory database is ready after \d+\.\d s\n$/);
  expect(engine.calls().filter((call) => call.startsWith("exec "))).toHaveLength(3);
});

test.concurrent("it is also ready where the engine did not run the check in a container that was just starting", async () => {
  const engine = fakeEngine([
    { to: CHECK, status: 409, message: "Container 0123 is not running", times: 1 },
    { to: CHECK },
    container(NAME, { status: "created" }),
  ]);
  expect((await runStep("ready", patient, engine)).code).toBe(0);
});

test.concurrent.each(["exited", "restarting"])("one that is %s fails at once, with its log", async (status) => {
  const engine = fakeEngine([
    { to: CHECK, status: 409, message: `Container 0123 is ${status}` },
    container(NAME, { status, exit: 1 }),
    LOG,
  ]);
  const { code, stderr } = await runStep("ready", patient, engine);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^accessory database is not ready: its container ended with exit code 1 after \d+\.\d s\n {2}last log lines of berth-dev-database:\n {4}incompatible with server\n {2}Its data are as they were\./,
  );
});

test.concurrent("one that does not answer fails at its deadline, with the last words of its check", async () => {
  const engine = fakeEngine([FAILS, container(NAME), LOG]);
  const { code, stderr } = await runStep("ready", INPUT, engine);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^accessory database is not ready: it does not answer after 1\.\d s: is it running\?\n/);
});

test.concurrent("one whose check never ends fails at its deadline, too", async () => {
  const engine = fakeEngine([{ to: CHECK, open: 60 }, container(NAME), LOG]);
  const { code, stderr, seconds } = await runStep("ready", INPUT, engine);
  expect([code, seconds < 10]).toEqual([1, true]);
  expect(stderr).toMatch(
    /^accessory database is not ready: it does not answer after [12]\.\d s: is-well in container berth-dev-database did not end within 1 s/,
  );
});

test.concurrent("one that is gone is told of in the engine's words", async () => {
  const engine = fakeEngine([{ to: CHECK, status: 404, message: "No such container" }, noContainer(NAME)]);
  expect(await runStep("ready", patient, engine)).toMatchObject({
    code: 1,
    stderr: `the Docker engine at ${engine.host} refused container ${NAME}: No such container: ${NAME}\n`,
  });
});
