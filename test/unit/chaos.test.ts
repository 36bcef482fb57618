/** What the chaos suite works out without an engine: its cells, its model, its reports. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Result } from "../chaos/cell.ts";
import { chart } from "../chaos/chart.ts";
import { FAULTS } from "../chaos/faults.ts";
import { cellsOf } from "../chaos/matrix.ts";
import { liveOf, newModel, wentLive } from "../chaos/model.ts";
import { wrongNotes } from "../chaos/notes.ts";
import { randomFrom, shuffled } from "../chaos/random.ts";
import { page, summary, terminalTable } from "../chaos/table.ts";
import { roleOf } from "../chaos/updateProcesses.ts";

const named = (cells: ReturnType<typeof cellsOf>) => cells.map(({ fault, step }) => `${fault.name} at ${step}`);

test("the same seed gives the same cells in the same order, another seed the same ones in another order", () => {
  const [first, again, other] = [1, 1, 2].map((seed) => named(cellsOf({ seed }, true)));
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
  expect([...(other ?? [])].sort()).toEqual([...(first ?? [])].sort());
});

test("the matrix has at least 12 faults that strike at 6 steps or more", () => {
  expect(FAULTS.filter(({ steps }) => steps.length >= 6).length).toBeGreaterThanOrEqual(12);
});

test("cells are chosen by fault, step and number, and without root those that take it are left out", () => {
  expect(named(cellsOf({ seed: 1, faults: ["lock"], steps: ["idle"] }, true))).toEqual(["lock at idle"]);
  expect(cellsOf({ seed: 1, cells: 3 }, true)).toHaveLength(3);
  expect(cellsOf({ seed: 1, faults: ["disk-full"] }, false)).toEqual([]);
});

test("shuffling keeps every thing once", () => {
  expect(shuffled([1, 2, 3, 4, 5, 6, 7, 8], randomFrom(3)).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test.each([
  ["pulumi up --yes --stack dev", "cli"],
  ["pulumi stack export", undefined],
  ["/x/pulumi-language-nodejs 127.0.0.1:1", "language host"],
  ["/x/node /y/@pulumi/pulumi/cmd/run --pwd .", "program"],
  ["/x/pulumi-resource-docker 127.0.0.1:1", "docker plugin"],
  ["node steps/gate.ts", "step"],
])("%s is the %s of an update", (commandLine, role) => {
  expect(roleOf(commandLine)).toBe(role);
});

test("a release that goes live again moves to the top of the model's ledger, and the oldest falls out", () => {
  const model = newModel({ greeting: "a", replicas: 1 });
  for (const greeting of ["b", "c", "a", "d"]) wentLive(model, { greeting, replicas: 1 }, 2);
  expect(model.ledger.map(({ greeting }) => greeting)).toEqual(["d", "a", "c"]);
  expect(liveOf(model).greeting).toBe("d");
});

test("notes that were acknowledged and are not stored are told, and those that are stored twice", () => {
  expect(
    wrongNotes(
      ["a"],
      new Map([
        ["a", 1],
        ["b", 1],
      ]),
    ),
  ).toEqual([]);
  expect(wrongNotes(["a", "c"], new Map([["a", 2]]))).toEqual([
    "1 acknowledged notes are not stored, such as c",
    "1 notes are stored twice, such as a",
  ]);
});

describe("the reports", () => {
  const good: Result = {
    fault: "lock",
    step: "idle",
    holds: true,
    problems: [],
    requests: 1000,
    failed: 0,
    failures: [],
    secondsToRecover: 0,
    secondsOfUp: 0,
    longestSeconds: 0.1,
    updates: 1,
    leftOver: [],
    seconds: 10,
  };
  const bad: Result = {
    ...good,
    fault: "cli-kill",
    step: "gate",
    holds: false,
    problems: ["3 requests failed"],
    failed: 3,
    secondsToRecover: 1.5,
    secondsOfUp: 0.4,
  };
  const run = {
    seed: 7,
    date: "2026-01-02",
    command: "npm run chaos -- --seed 7",
    machine: "a machine",
    commit: "abc",
    minutes: 2,
    results: [good, bad],
  };

  test("sum up", () => {
    expect(summary(run)).toBe(
      "1 of 2 cells hold: 2,000 requests, 3 failed, of these 3 where none may; 2 runs of `npm run up` after 2 faults.",
    );
  });

  test("show each cell, and name those that do not hold", () => {
    expect(terminalTable(run)).toMatch(/✗ 3, 1\.5 s/);
    expect(page(run)).toContain("| cli-kill | gate | 1000 | 3 | none | 1.5 s (0.4 s) | 0.1 s |  | 1 | none | **no** |");
    expect(page(run)).toContain("- cli-kill at gate: 3 requests failed");
  });

  test("draw one box for each fault and step", () => {
    const svg = chart(run);
    expect(svg).toContain("<title>cli-kill at gate: 1000 requests</title>");
    expect(svg.match(/<rect x=/g)).toHaveLength(2 * 8 + 5);
  });
});

test("it runs without a test runner", async () => {
  await promisify(execFile)(process.execPath, ["--disable-warning=ExperimentalWarning", "--eval", 'import("./test/chaos/main.ts")']);
});
