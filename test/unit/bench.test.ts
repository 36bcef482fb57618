/** What the bench works out without an engine: figures, peaks, the event log, the trace, its reports. */
import { execFile } from "node:child_process";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { chart } from "../bench/chart.ts";
import { composeFile } from "../bench/compose.ts";
import { EventTail, readLog } from "../bench/eventLog.ts";
import { figureOf, median, type Row, say } from "../bench/figures.ts";
import { nameOf, peakOf, spansOf } from "../bench/processes.ts";
import type { Report } from "../bench/report.ts";
import { Editions } from "../bench/side.ts";
import { page, terminalTable } from "../bench/table.ts";
import { traceOf } from "../bench/trace.ts";

test.each([
  [[], NaN],
  [[3], 3],
  [[9, 1, 2], 2],
  [[4, 1, 2, 30], 3],
])("the median of %p is %p", (values, expected) => {
  expect(median(values)).toBe(expected);
});

const row = (what: Row["what"], side: Row["side"], ...values: number[]): Row => ({
  what,
  side,
  samples: values.map((value, index) => ({ value, load: index })),
});

test("a figure has the middle, both ends and the usual load", () => {
  expect(figureOf(row("release", "Berth", 5, 3, 10))).toEqual({ median: 5, min: 3, max: 10, runs: 3, load: 1 });
});

test("seconds and memory are said in their units", () => {
  expect([say("release", 4.005), say("memory", 612.4 * 1024 ** 2)]).toEqual(["4.00 s", "612 MiB"]);
});

test.each([
  ["npm run up --stack x", "npm"],
  ["sh -c node steps/gate.ts", "sh"],
  ["/x/node commands/run.mjs up", "run.mjs"],
  ["/x/node --flag /y/commands/up.ts --yes", "commands/up.ts"],
  ["node steps/gate.ts", "steps/gate.ts"],
  ["pulumi up --yes --stack x", "pulumi up"],
  ["/x/pulumi stack export --stack x", "pulumi stack export"],
  ["/x/pulumi-language-nodejs 127.0.0.1:1", "language host"],
  ["/x/node /y/@pulumi/pulumi/cmd/run --pwd .", "program"],
  ["/x/pulumi-resource-docker 127.0.0.1:1", "docker plugin"],
  ["docker exec x true", "docker exec"],
  ["docker network ls --quiet", "docker network ls"],
  ["docker compose up", "docker compose"],
  ["/x/cli-plugins/docker-compose compose up", "compose"],
  ["/x/cli-plugins/docker-buildx buildx bake", "buildx"],
  ["/usr/bin/tar -x", "tar"],
])("%s is %s", (commandLine, name) => {
  expect(nameOf(commandLine)).toBe(name);
});

const of = (pid: number, name: string, bytes = 0) => ({ pid, name, bytes });

test("the peak is that of all processes at one time, told by kind", () => {
  const samples = [[of(1, "a", 50), of(2, "b", 1)], [of(1, "a", 20), of(3, "c", 30), of(4, "c", 10)], [of(1, "a", 10)]];
  expect(peakOf(samples)).toEqual({ bytes: 60, parts: { c: 40, a: 20 } });
  expect(peakOf([])).toEqual({ bytes: 0, parts: {} });
});

test("a process lived from its first sight to its last, under its last name", () => {
  const samples = [
    { at: 0, processes: [of(1, "npm")] },
    { at: 10, processes: [of(1, "npm"), of(2, "sh")] },
    { at: 20, processes: [of(2, "up")] },
  ];
  expect(spansOf(samples)).toEqual([
    { name: "npm", from: 0, to: 10 },
    { name: "up", from: 10, to: 20 },
  ]);
});

describe("the event log", () => {
  const event = (at: number, kind: string, type: string, name: string, op: string) => ({
    at,
    text: JSON.stringify({ [kind]: { metadata: { op, type, urn: `urn:pulumi:dev::berth::berth:index:WebApp$${type}::${name}` } } }),
  });
  const step = (name: string, op: string, from: number, to: number) => [
    event(from, "resourcePreEvent", "x:y:Z", `berth-dev-${name}`, op),
    event(to, "resOutputsEvent", "x:y:Z", `berth-dev-${name}`, op),
  ];
  const lines = [
    { at: 900, text: '{"preludeEvent":{}}' },
    event(1100, "resourcePreEvent", "pulumi:pulumi:Stack", "berth-dev", "same"),
    event(1300, "resourcePreEvent", "berth:index:WebApp", "berth-dev", "same"),
    ...step("image-build", "create-replacement", 1500, 1800),
    ...step("image-build", "replace", 1800, 1801),
    ...step("web-1", "create-replacement", 1900, 2300),
    ...step("gate-probe", "update", 2300, 2900),
    ...step("route-switch", "update", 2950, 3100),
    ...step("prune-images", "update", 3100, 3200),
    ...step("web-1", "delete-replaced", 3200, 3400),
    { at: 3450, text: '{"summaryEvent":{}}' },
  ];
  const log = readLog(lines);

  test("tells when Pulumi and the program began, and each step that changed something", () => {
    expect(log).toMatchObject({ prelude: 900, loaded: 1100, declared: 1300 });
    expect(log.steps.map(({ name, op, from, to }) => `${name} ${op} ${from}-${to}`)).toEqual([
      "image-build create-replacement 1500-1800",
      "web-1 create-replacement 1900-2300",
      "gate-probe update 2300-2900",
      "route-switch update 2950-3100",
      "prune-images update 3100-3200",
      "web-1 delete-replaced 3200-3400",
    ]);
  });

  test("that is empty is refused", () => {
    expect(() => readLog([])).toThrow("no beginning");
  });

  test("and the processes make a trace whose phases are the whole time, one after the other", () => {
    const span = (name: string, from: number, to: number) => ({ name, from, to });
    const { phases } = traceOf(
      log,
      [span("npm", 0, 3700), span("run.mjs", 150, 3690), span("pulumi up", 700, 3500), span("pulumi stack output", 3520, 3600)],
      3700,
    );
    expect(phases.map(({ name, from, to }) => `${name}: ${from}-${to}`)).toEqual([
      "npm starts: 0-150",
      "the command starts, asks the engine, takes the lock: 150-700",
      "Pulumi starts, reads settings and state: 700-900",
      "the language host and Node start: 900-1100",
      "the program reads settings and ledger, asks the engine: 1100-1300",
      "plugins start, compare what is there: 1300-1500",
      "build the image: 1500-1900",
      "make the new replicas: 1900-2300",
      "gate: wait until they are healthy: 2300-2950",
      "switch the traffic: 2950-3100",
      "copy the record, prune images: 3100-3200",
      "delete the old replicas: 3200-3400",
      "Pulumi writes the state and ends: 3400-3500",
      "the command asks what is live and ends: 3500-3700",
    ]);
  });

  test("is read while it is written, also after its folder is gone", async () => {
    const folder = await mkdtemp(join(tmpdir(), "bench-"));
    const tail = new EventTail(folder, join(folder, "kept"));
    tail.look(1);
    mkdirSync(join(folder, "berth-events-x"));
    const file = join(folder, "berth-events-x", "events");
    writeFileSync(file, "first\nsec");
    tail.look(2);
    appendFileSync(file, "ond\nthird\n");
    await rm(join(folder, "berth-events-x"), { recursive: true });
    tail.look(3);
    tail.close();
    expect(tail.lines).toEqual([
      { at: 2, text: "first" },
      { at: 3, text: "second" },
      { at: 3, text: "third" },
    ]);
    await rm(folder, { recursive: true });
  });
});

test("each edition of the app is another one, of the same length", async () => {
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  mkdirSync(join(folder, "src"));
  writeFileSync(join(folder, "src", "server.ts"), "code\n");
  const editions = new Editions(folder);
  const texts = new Set<string>();
  for (let i = 0; i < 70; i++) {
    await editions.change();
    texts.add(await readFile(join(folder, "src", "server.ts"), "utf8"));
  }
  expect(texts.size).toBe(70);
  expect(new Set([...texts].map((text) => text.length)).size).toBe(1);
  expect([...texts].every((text) => text.endsWith("\ncode\n"))).toBe(true);
  await rm(folder, { recursive: true });
});

test("each replica of Compose has a port, and all that is made carries the label by which it is found again", () => {
  const file = composeFile({ stack: "bench-1-abcd", port: 20_000, replicas: 2 }) as {
    services: { web: { ports: string[]; labels: object; build: { labels: object } } };
    volumes: { data: object };
    networks: { default: object };
  };
  const labels = { "berth.stack": "bench-1-abcd" };
  expect(file.services.web.ports).toEqual(["127.0.0.1:20000-20001:8080"]);
  expect([file.services.web.labels, file.services.web.build.labels]).toEqual([labels, labels]);
  expect([file.volumes.data, file.networks.default]).toEqual([{ labels }, { labels }]);
});

describe("the reports", () => {
  const report: Report = {
    date: "2026-01-02",
    command: "npm run bench -- --runs 2",
    commit: "abc",
    machine: "a machine",
    minutes: 3,
    runs: 2,
    versions: { pulumi: "1", compose: "2", buildx: "3" },
    rows: [
      { ...row("release", "Compose", 2, 3), requests: 90, failed: 4 },
      { ...row("release", "Berth", 4, 5), requests: 100, failed: 0 },
      row("memory", "Berth", 2 ** 20),
      row("floor changed", "Pulumi alone", 1),
    ],
    peaks: { Berth: { bytes: 2 ** 21, parts: { "pulumi up": 2 ** 20, npm: 2 ** 20 } } },
    trace: {
      phases: [
        { name: "npm", from: 0, to: 1000 },
        { name: "gate", from: 1000, to: 1500 },
      ],
      steps: [{ name: "web-1", op: "update", from: 1000, to: 1400 }],
      processes: [
        { name: "npm", from: 0, to: 1500 },
        { name: "sh", from: 0, to: 20 },
      ],
    },
  };

  test("have a line for each row, Berth's first", () => {
    expect(terminalTable(report)).toMatch(/release\s+│ Berth [^\n]*\n[^\n]*release\s+│ Compose/);
    expect(page(report)).toContain(
      "| release | Berth | 4.50 s | 4.00 s | 5.00 s | 2 | 0.5 | 0 of 100 |\n| release | Compose | 2.50 s | 2.00 s | 3.00 s | 2 | 0.5 | 4 of 90 |",
    );
    expect(page(report)).toContain("| Berth | 2 MiB | pulumi up 1 MiB, npm 1 MiB |");
  });

  test("tell where the time goes", () => {
    expect(page(report)).toContain("| gate | 1.00 s | 0.50 s |\n| in all |  | 1.50 s |");
    expect(page(report)).toContain("| web-1 | update | 1.00 s | 0.40 s |");
    expect(page(report)).toContain("| `npm` | 0.00 s | 1.50 s |");
    expect(page(report)).not.toContain("`sh`");
    expect(page({ ...report, trace: undefined, peaks: {} })).not.toContain("## W");
  });

  test("draw a bar for each row, and one for each side below", () => {
    const svg = chart(report);
    expect(svg).toContain("<title>release, Compose: 2.00 s to 3.00 s</title>");
    expect(svg.match(/<rect x=/g)).toHaveLength(4 + 3);
  });
});

test("it runs without a test runner", async () => {
  await promisify(execFile)(process.execPath, ["--disable-warning=ExperimentalWarning", "--eval", 'import("./test/bench/main.ts")']);
});
