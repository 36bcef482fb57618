import type { Found } from "../../../engine/found.ts";
import { caredFor, decide, DEFAULTS, judge, type Past, remembered } from "../../../commands/view/watchdogRules.ts";

const now = 1_000_000;
const ago = (seconds: number) => now - seconds * 1000;
const ILL = { part: "web", state: "running", health: "unhealthy" };
const replica = (name: string, release: string, more: Partial<typeof ILL> = {}) => ({ name, release, ...ILL, ...more });

test.each([
  ["the first restart comes at once", undefined, { kind: "restart", number: 1 }],
  ["the second waits", { restarts: 1, last: ago(4) }, { kind: "wait", seconds: 6 }],
  ["the second comes after the back-off", { restarts: 1, last: ago(10) }, { kind: "restart", number: 2 }],
  ["the third waits twice as long", { restarts: 2, last: ago(12) }, { kind: "wait", seconds: 8 }],
  ["the third comes then", { restarts: 2, last: ago(20) }, { kind: "restart", number: 3 }],
  ["there is no fourth", { restarts: 3, last: ago(100) }, { kind: "leave" }],
  ["one that failed is one of them, and the next waits as long", { restarts: 1, last: ago(4), failed: true }, { kind: "wait", seconds: 6 }],
  ["after three that failed there is no fourth", { restarts: 3, last: ago(100), failed: true }, { kind: "leave" }],
  ["after ten quiet minutes it begins anew", { restarts: 3, last: ago(601) }, { kind: "restart", number: 1 }],
  ["unless it was left alone", { restarts: 3, last: ago(601), told: "left" as const }, { kind: "leave" }],
])("%s", (_, past, verdict) => {
  expect(judge(past, now, DEFAULTS)).toEqual(verdict);
});

describe("of several replicas that are unwell", () => {
  const told = (replicas: readonly ReturnType<typeof replica>[], memory: Record<string, Past> = {}) =>
    decide(replicas, memory, now, DEFAULTS).map(({ replica: { name }, verdict }) => `${name}: ${Object.values(verdict).join(" ")}`);

  test("one is restarted, and the others stay in line: a check may be wrong, and the app well", () => {
    const replicas = ["web-1", "web-2", "web-3"].map((name) => replica(name, "r1"));
    expect(told(replicas)).toEqual(["web-1: restart 1", "web-2: queue web-1", "web-3: queue web-1"]);
  });

  test("the next one waits while the one before is starting", () => {
    const replicas = [replica("web-1", "r1", { health: "starting" }), replica("web-2", "r1")];
    expect(told(replicas, { "web-1": { restarts: 1, last: ago(5) } })).toEqual(["web-2: queue web-1"]);
  });

  test.each(["healthy", "unhealthy"])("the next one comes once the one before is %s", (health) => {
    const replicas = [replica("web-1", "r1", { health }), replica("web-2", "r1")];
    expect(told(replicas, { "web-1": { restarts: 1, last: ago(5) } })).toContain("web-2: restart 1");
  });

  test("one that is starting by itself, or for ten minutes, is not waited for", () => {
    const replicas = [replica("web-1", "r1", { health: "starting" }), replica("web-2", "r1")];
    expect(told(replicas)).toEqual(["web-2: restart 1"]);
    expect(told(replicas, { "web-1": { restarts: 1, last: ago(601) } })).toEqual(["web-2: restart 1"]);
  });

  test("one that a failed restart has stopped is started again first, after the back-off, and given up after three", () => {
    const replicas = [replica("web-1", "r1", { state: "exited", health: "unhealthy" }), replica("web-2", "r1")];
    const after = (restarts: number, seconds: number, more: Partial<Past> = {}) =>
      told(replicas, { "web-1": { restarts, last: ago(seconds), failed: true, ...more } });
    expect(after(1, 5)).toEqual(["web-1: wait 5", "web-2: queue web-1"]);
    expect(after(1, 10)).toEqual(["web-1: restart 2", "web-2: queue web-1"]);
    expect(after(3, 50, { told: "left" })).toEqual(["web-1: leave", "web-2: restart 1"]);
  });

  test("a worker takes no traffic and waits for nobody", () => {
    expect(told([replica("web-1", "r1"), replica("mail", "r1", { part: "worker" })])).toEqual(["web-1: restart 1", "mail: restart 1"]);
  });
});

describe("cares for", () => {
  const all = [
    replica("web-1", "r1"),
    replica("mail", "r1", { part: "worker" }),
    replica("web-2", "r2"),
    replica("web-3", "r1", { state: "exited" }),
    replica("gateway", "", { part: "gateway" }),
  ];
  const route = (target: string) => [{ service: "app", host: "*", targets: [`${target}:8080`], state: "running" }];
  const names = (routes: Found["routes"], memory = {}) => caredFor({ containers: all, routes }, memory).map(({ name }) => name);

  test("all running processes of the release with the traffic, and not for what a failed release left", () => {
    expect(names(route("web-1"))).toEqual(["web-1", "mail"]);
  });

  test("one that its own restart has stopped", () => {
    expect(names(route("web-1"), { "web-3": { restarts: 1, last: now, failed: true } })).toEqual(["web-1", "mail", "web-3"]);
  });

  test("all replicas where no gateway runs", () => {
    expect(names("none")).toEqual(["web-1", "mail", "web-2"]);
  });

  test("none while a gateway runs that does not say which have the traffic", () => {
    expect(names("silent")).toEqual([]);
  });
});

test("remembers what is there, whatever it does just now, until it is calm", () => {
  const memory: Record<string, Past> = {
    crashed: { restarts: 1, last: ago(5) },
    gone: { restarts: 1, last: ago(5) },
    calm: { restarts: 1, last: ago(601) },
    given: { restarts: 3, last: ago(900), told: "left" },
  };
  const there = ["crashed", "calm", "given"].map((name) => replica(name, "r1", { state: "restarting" }));
  expect(Object.keys(remembered(memory, there, now))).toEqual(["crashed", "given"]);
});
