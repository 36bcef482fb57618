import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineEvent, UNKNOWN } from "../../../stack/events.ts";
import { differences, type Fingerprint } from "../../../commands/plans/fingerprint.ts";
import { findPlan, hasBegun, violationOf, withoutTimes } from "../../../commands/plans/plan.ts";
import { CONTAINER, step } from "../../support/previewEvents.ts";

const WAS: Fingerprint = {
  configuration: { "berth:port": "1", "berth:replicas": "2" },
  content: "aaa",
  program: "p",
  live: "a",
  engine: "E",
  containers: { "web-1": "running", "web-2": "running" },
};

describe("what a plan rests on", () => {
  test("is the same where nothing has changed", () => {
    expect(differences(WAS, structuredClone(WAS))).toEqual([]);
  });

  test.each<[string, Partial<Fingerprint>, string[]]>([
    [
      "another value and a new key",
      { configuration: { "berth:port": "2", "berth:replicas": "2", "berth:env": "3" } },
      ["the configuration has changed (berth:env, berth:port)"],
    ],
    ["a key that is gone", { configuration: { "berth:port": "1" } }, ["the configuration has changed (berth:replicas)"]],
    ["a changed file", { content: "bbb" }, ["what the image is built from has changed"]],
    ["a changed step", { program: "q" }, ["Berth itself has changed"]],
    ["another live release", { live: "b" }, ["release b is live now, a was"]],
    ["another engine", { engine: "F" }, ["this is another Docker engine"]],
    ["a container removed by hand", { containers: { "web-1": "running" } }, ["container web-2 is gone"]],
    ["a container that stopped", { containers: { "web-1": "running", "web-2": "exited" } }, ["container web-2 is exited, it was running"]],
    ["a container of somebody's own", { containers: { ...WAS.containers, "web-3": "running" } }, ["container web-3 is new"]],
    ["several things", { content: "bbb", live: "b" }, ["what the image is built from has changed", "release b is live now, a was"]],
  ])("tells of %s", (_, change, words) => {
    expect(differences(WAS, { ...WAS, ...change })).toEqual(words);
  });

  test("tells of a first release since", () => {
    expect(differences({ ...WAS, live: null }, WAS)).toEqual(["release a is live now, nothing was live"]);
  });
});

describe("findPlan", () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "berth-plans-"));
    for (const plan of [
      { id: "aaaaaa", stack: "dev" },
      { id: "bbbbbb", stack: "dev", used: "2026-11-25T01:02:03.456Z" },
      { id: "cccccc", stack: "prod" },
    ]) {
      mkdirSync(join(root, ".berth/plans", plan.id), { recursive: true });
      writeFileSync(join(root, ".berth/plans", plan.id, "record.json"), JSON.stringify(plan));
    }
    mkdirSync(join(root, ".berth/plans/dddddd")); // of a preview that was cut off
  });
  afterAll(() => rmSync(root, { recursive: true }));

  test("finds one, with its own stack where none is asked for", async () => {
    expect((await findPlan(root, "aaaaaa", undefined)).stack).toBe("dev");
    expect((await findPlan(root, "aaaaaa", "dev")).id).toBe("aaaaaa");
  });

  test.each([
    ["eeeeee", undefined, 'there is no plan "eeeeee" (there is aaaaaa, cccccc): make one with npm run preview -- --save'],
    ["dddddd", "prod", 'there is no plan "dddddd" (there is cccccc): make one with npm run preview -- --save --stack prod'],
    ["../../x", "test", 'there is no plan "../../x": make one with npm run preview -- --save --stack test'],
    ["cccccc", "dev", "plan cccccc is for stack prod, not for dev: make one for it with npm run preview -- --save --stack dev"],
    ["bbbbbb", undefined, "plan bbbbbb was used at 2026-11-25 01:02:03: make a new one with npm run preview -- --save --stack dev"],
  ])("says in one line what is wrong with plan %s for stack %s", async (id, stack, message) => {
    await expect(findPlan(root, id, stack)).rejects.toThrow(new Error(message));
  });
});

describe("Pulumi's own check", () => {
  const said = (message: string): EngineEvent => ({ diagnosticEvent: { severity: "error", message } });
  const failed: EngineEvent = { summaryEvent: { result: "failed" } };
  const log = (...events: EngineEvent[]) => events.map((event) => JSON.stringify(event)).join("\n");
  const planned = step("create", "Replicas", CONTAINER, "web-1");
  const done: EngineEvent = {
    resourcePreEvent: { ...(planned.resourcePreEvent as NonNullable<EngineEvent["resourcePreEvent"]>), planning: false },
  };

  test("is told with the resource and the difference, in short", () => {
    const cause = `resource urn:pulumi:dev::berth::berth:index:WebApp$berth:index:AppImage$x:y:Z::berth-dev-image-build violates plan: properties changed: ~~name[${"a".repeat(500)}]`;
    expect(violationOf(log(planned, said(cause), failed))).toMatch(
      /^berth-dev-image-build would be made otherwise \(properties changed: ~~name\[a{150,200} …\)$/,
    );
  });

  test.each([
    ["an operation too many", "create is not allowed by the plan: no steps were expected for this resource"],
    ["an operation too few", "expected resource operations for urn:pulumi:dev::x but none were seen"],
  ])("is told of %s", (_, cause) => {
    expect(violationOf(log(said(cause), failed))).toBe(cause);
  });

  test("is told of outputs, where Pulumi itself says nothing", () => {
    expect(violationOf(log(planned, failed))).toBe("the stack's outputs would be others");
  });

  test.each([
    ["a failure that has another cause", log(said("no Docker engine answers"), failed)],
    ["an update that had begun", log(done, said("resource urn::x violates plan: y"), failed)],
    ["a person who said no", log(planned, { summaryEvent: { result: "succeeded" } })],
    ["no log", ""],
  ])("is not blamed for %s", (_, text) => {
    expect(violationOf(text)).toBeUndefined();
  });

  test("is over once the update has begun", () => {
    expect([hasBegun([planned]), hasBegun([planned, done])]).toEqual([false, true]);
  });
});

test("a plan leaves only the ledger open", () => {
  const STACK = "urn:pulumi:dev::berth::pulumi:pulumi:Stack::berth-dev";
  const plan = (releases: unknown) => ({
    manifest: {},
    resourcePlans: {
      [STACK]: { goal: { outputDiff: { adds: { url: "u" }, updates: { release: "b", releases } } } },
      "urn:x": { goal: { inputDiff: { updates: { releases: [1] } } } },
    },
  });
  expect(JSON.parse(withoutTimes(JSON.stringify(plan([{ name: "b", time: "now" }]))))).toEqual(plan(UNKNOWN));
});
