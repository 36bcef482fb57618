import * as pulumi from "@pulumi/pulumi";
import { chooseEngine } from "../../engine/engine.ts";
import { holdStack } from "../../preflight/hold.ts";
import { OWNER } from "../support/configuration.ts";
import { setEnvironment } from "../support/environment.ts";
import { type Answer, fakeEngine } from "../support/fakeEngine.ts";

const lock: Answer = { to: "inspect berth-dev-lock", json: { Id: "lock-1", State: { Status: "running" } } };
const program = (answers: readonly Answer[], { preview = false } = {}) => {
  const engine = fakeEngine(answers);
  chooseEngine({ host: engine.host, from: "the test" });
  jest.spyOn(pulumi.runtime, "isDryRun").mockReturnValue(preview);
  return engine;
};

test("a preview holds nothing", async () => {
  const engine = program([], { preview: true });
  await holdStack(OWNER);
  expect(engine.calls()).toEqual([]);
});

test("the program of a command works under its command's lock", async () => {
  setEnvironment({ BERTH_LOCK: "lock-1" });
  const engine = program([lock]);
  await holdStack(OWNER);
  expect(engine.calls()).toEqual(["inspect berth-dev-lock"]);
});

test("and waits until that is held", async () => {
  setEnvironment({ BERTH_LOCK: "lock-1" });
  const engine = program([{ ...lock, json: { Id: "lock-1", State: { Status: "created" } }, times: 2 }, lock]);
  await holdStack(OWNER);
  expect(engine.calls()).toHaveLength(3);
});

test.each<[string, Answer]>([
  ["gone", { ...lock, status: 404 }],
  ["another's", { ...lock, json: { Id: "lock-2", State: { Status: "running" } } }],
])("a command's lock that is %s stops its program before the first change", async (_, answer) => {
  setEnvironment({ BERTH_LOCK: "lock-1" });
  program([answer]);
  await expect(holdStack(OWNER)).rejects.toThrow("the lock of stack dev that this update had is gone");
});

test("the program of plain Pulumi takes the lock itself", async () => {
  const engine = program([{ to: "create berth-dev-lock", json: { Id: "lock-1" } }, { to: "attach lock-1" }, { to: "start lock-1" }]);
  await holdStack(OWNER);
  expect(engine.sent("create")[0]).toMatchObject({ Labels: { "berth.holder": expect.stringContaining('"what":"pulumi up"') as string } });
});
