import { caredFor, DEFAULTS, judge } from "../../../commands/view/watchdogRules.ts";

const now = 1_000_000;
const ago = (seconds: number) => now - seconds * 1000;

test.each([
  ["the first restart comes at once", undefined, { kind: "restart", number: 1 }],
  ["the second waits", { restarts: 1, last: ago(4) }, { kind: "wait", seconds: 6 }],
  ["the second comes after the back-off", { restarts: 1, last: ago(10) }, { kind: "restart", number: 2 }],
  ["the third waits twice as long", { restarts: 2, last: ago(12) }, { kind: "wait", seconds: 8 }],
  ["the third comes then", { restarts: 2, last: ago(20) }, { kind: "restart", number: 3 }],
  ["there is no fourth", { restarts: 3, last: ago(100) }, { kind: "leave" }],
  ["after ten quiet minutes it begins anew", { restarts: 3, last: ago(601) }, { kind: "restart", number: 1 }],
  ["unless it was left alone", { restarts: 3, last: ago(601), told: "left" as const }, { kind: "leave" }],
])("%s", (_, past, verdict) => {
  expect(judge(past, now, DEFAULTS)).toEqual(verdict);
});

describe("cares for", () => {
  const replica = (name: string, release: string, more: object = {}) => ({ name, release, part: "web", state: "running", health: "unhealthy", ...more });
  const all = [replica("web-1", "r1"), replica("mail", "r1", { part: "worker" }), replica("web-2", "r2"), replica("web-3", "r1", { state: "exited" }), replica("gateway", "", { part: "gateway" })];
  const names = (targets?: readonly string[]) => caredFor(all, targets).map(({ name }) => name);

  test("all running processes of the release with the traffic, and not for what a failed release left", () => {
    expect(names(["web-1"])).toEqual(["web-1", "mail"]);
  });

  test("all replicas where the gateway does not say which have the traffic", () => {
    expect(names()).toEqual(["web-1", "mail", "web-2"]);
  });
});
