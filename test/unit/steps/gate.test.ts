import type { GateInput } from "../../../steps/gate.ts";
import { type Answer, type FakeEngine, fakeEngine } from "../../support/fakeEngine.ts";
import { runStep } from "../../support/step.ts";
import {
  APP_LOG,
  container,
  GATE as INPUT,
  HEALTHY,
  listed,
  LIVE,
  LIVE_LABELS,
  noContainer,
  OLD_LABELS,
  OLD_ROUTE,
  proxied,
  proxy,
  RELEASE,
  REMOVED,
  routeTo,
  RUNNING_WORDS,
  type State,
  WAITING,
  WORKERS,
} from "../../support/stepInputs.ts";
import { webServer } from "../../support/webServer.ts";

const UNHEALTHY = proxy("deploy gate-3f9a1c2b7d4e", {
  stderr: "Error: target failed to become healthy within configured timeout (60s)",
  exit: 1,
});
/** How the two candidates are. */
const states = (first: State, second: State, times?: number): Answer[] => [
  container("web-1", first),
  { ...container("web-2", second), ...(times && { times }) },
];
const RUNNING = states({}, {});
const gatewayLog = (name: string, error: string, port = "3000"): Answer => ({
  to: "logs gw since=",
  stdout: JSON.stringify({ msg: "Healthcheck failed", url: `http://${name}:${port}/up`, error }),
});
const verbsOf = (calls: readonly string[]) => proxied(calls, 1);
/** An answer with which kamal-proxy, or the engine, says that the gateway is just starting. */
const starting = (words: string): Pick<Answer, "stderr" | "exit" | "status" | "message"> =>
  words.startsWith("Error:") ? { stderr: words, exit: 1 } : { status: 409, message: words };

describe("a healthy release", () => {
  test.concurrent("passes, and the probe's route is gone afterwards", async () => {
    const engine = fakeEngine([HEALTHY, ...RUNNING, REMOVED]);
    const { code, stdout, stderr } = await runStep("gate", INPUT, engine);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^release 3f9a1c2b7d4e: 2 of 2 healthy after \d+\.\d s\n$/);
    expect(verbsOf(engine.calls())).toEqual(["deploy", "remove"]);
  });

  test.concurrent.each([
    "Error: dial unix /tmp/kamal-proxy.sock: connect: no such file or directory",
    "Error: dial unix /tmp/kamal-proxy.sock: connect: connection refused",
    "Container 0123 is restarting, wait until the container is running",
    "Container 0123 is not running",
  ])("passes after a gateway that is just starting says %j", async (words) => {
    const engine = fakeEngine([proxy("deploy", { ...starting(words), times: 2 }), { to: "start gw" }, HEALTHY, ...RUNNING, REMOVED]);
    expect((await runStep("gate", INPUT, engine)).code).toBe(0);
    expect(verbsOf(engine.calls())).toEqual(["deploy", "deploy", "deploy", "remove"]);
  });

  test.concurrent("starts a gateway that somebody has stopped, and no other", async () => {
    const [stopped, restarting] = ["is not running", "is restarting, wait until the container is running"].map((words) =>
      fakeEngine([proxy("deploy", { ...starting(`Container 0123 ${words}`), times: 1 }), { to: "start" }, HEALTHY, ...RUNNING, REMOVED]),
    );
    for (const engine of [stopped, restarting]) expect((await runStep("gate", INPUT, engine ?? fakeEngine([]))).code).toBe(0);
    const starts = [stopped, restarting].map((engine) => engine?.calls().filter((call) => call.startsWith("start ")));
    expect(starts).toEqual([[`start ${INPUT.gateway}`], []]);
  });

  test.concurrent("passes though its replicas were restarted long ago, as after a change of the gateway", async () => {
    const engine = fakeEngine([proxy("deploy", { seconds: 1 }), ...states({ restarts: 3 }, { restarts: 1 }), REMOVED]);
    expect((await runStep("gate", INPUT, engine)).code).toBe(0);
  });

  test.concurrent("is probed under a host of its own each time", async () => {
    const hosts = await Promise.all(
      [1, 2].map(async () => {
        const engine = fakeEngine([HEALTHY, ...RUNNING, REMOVED]);
        await runStep("gate", INPUT, engine);
        return / --host (\S+) /.exec(engine.calls().find((call) => call.includes("--host")) ?? "")?.[1];
      }),
    );
    expect(new Set(hosts).size).toBe(2);
    for (const host of hosts) expect(host).toMatch(/^[0-9a-f-]{36}\.invalid$/);
  });

  test.concurrent("does not pass where the route of its probe stays, which would go on probing", async () => {
    const engine = fakeEngine([HEALTHY, ...RUNNING, proxy("remove", { stderr: "Error: no space left", exit: 1 })]);
    expect(await runStep("gate", INPUT, engine)).toMatchObject({
      code: 1,
      stdout: "",
      stderr: "the gateway does not remove the route gate-3f9a1c2b7d4e: Error: no space left\n",
    });
  });
});

describe("a release that is not healthy by the deadline", () => {
  test.concurrent("fails with the probed URL, its last answer, the body and the log, and the probe's route is gone", async () => {
    const app = await webServer((_, response) => response.writeHead(503).end("no database"));
    const { hostname, port } = new URL(app);
    const engine = fakeEngine([
      UNHEALTHY,
      ...states({}, { address: hostname }),
      gatewayLog("web-2", "unexpected status (503)", port),
      APP_LOG,
      { ...REMOVED, stderr: "Error: service not found", exit: 1 },
    ]);
    const { code, stdout, stderr } = await runStep("gate", { ...INPUT, port: Number(port) }, engine);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr.replace(/for \d+\.\d s/, "for 60.0 s").split("\n")).toEqual([
      `release 3f9a1c2b7d4e is not healthy: http://web-2:${port}/up answered: unexpected status (503) for 60.0 s (deadline 60 s; container web-2: ${RUNNING_WORDS})`,
      "  last answer: 503 no database",
      "  last log lines of web-2:",
      "    listening",
      "    no database",
      "  No traffic was switched: the release that was live before goes on serving.",
      "  Mend the app or its configuration and run the update again. To clear this release away: npm run rollback -- --to <the live one>",
      "",
    ]);
    expect(verbsOf(engine.calls()).at(-1)).toBe("remove");
  });

  test.concurrent("fails with what is known where the app's network cannot be reached from here", async () => {
    const engine = fakeEngine([UNHEALTHY, ...RUNNING, gatewayLog("web-1", "request timed out"), APP_LOG, REMOVED]);
    const { code, stderr } = await runStep("gate", INPUT, engine);
    expect(code).toBe(1);
    expect(stderr).toContain("http://web-1:3000/up answered: request timed out for");
    expect(stderr).not.toContain("last answer:");
  });

  test.concurrent("is told of also where the engine tells neither its log nor the gateway's", async () => {
    const engine = fakeEngine([UNHEALTHY, ...RUNNING, { to: "logs", status: 500, message: "cannot open the file" }, REMOVED]);
    const { code, stderr } = await runStep("gate", INPUT, engine);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^release 3f9a1c2b7d4e is not healthy: http:\/\/web-1:3000\/up gave no answer for /);
    expect(stderr).toMatch(
      / {2}what it answered is not known: the Docker engine at \S+ refused the log of container gw: cannot open the file\n/,
    );
    expect(stderr).toMatch(/ {2}the log of web-1 cannot be told: .* refused the log of container web-1: cannot open the file\n/);
  });
});

describe("a release whose container", () => {
  const exited: State = { status: "exited", exit: 3 };

  test.concurrent.each<[string, Answer[], string]>([
    ["has ended", states({}, exited), "exited, exit code 3, "],
    ["is started again and again", states({}, { status: "restarting", restarts: 1 }), "restarting, exit code 0, "],
    ["was started again meanwhile", [...states({}, {}, 1), container("web-2", { restarts: 1 })], "running, exit code 0, restarts 1, "],
    ["is gone", [container("web-1"), noContainer("web-2")], "it is gone\\)"],
  ])("%s fails long before the deadline, and names it", async (_, inspected, state) => {
    const engine = fakeEngine([WAITING, ...inspected, { to: "logs gw" }, APP_LOG, REMOVED]);
    const { code, stderr, seconds } = await runStep("gate", INPUT, engine);
    expect(code).toBe(1);
    expect(stderr.split("\n")[0]).toMatch(
      new RegExp(`^release 3f9a1c2b7d4e is not healthy: container web-2 ended by itself after \\d\\.\\d s \\(${state}`),
    );
    expect(stderr).toContain("    no database\n");
    expect(seconds).toBeLessThan(25);
    expect(verbsOf(engine.calls()).at(-1)).toBe("remove");
  });
});

describe("the workers of a release", () => {
  const input: GateInput = { ...INPUT, workers: ["mail-1", "mail-2"] };
  const workers = (first: State, second: State, times?: number): Answer[] => [
    container("mail-1", first),
    { ...container("mail-2", second), ...(times && { times }) },
  ];
  const WELL = [...RUNNING, ...workers({ health: "healthy" }, { health: "healthy" })];
  const STARTED: Answer = { to: "start mail-" };
  const STOPPED: Answer = { to: "stop mail-" };
  const BEFORE = [OLD_ROUTE, OLD_LABELS, STARTED, WORKERS];
  const stops = (engine: FakeEngine) => engine.calls().filter((call) => call.startsWith("stop "));
  const BOTH = ["stop mail-1 t=30", "stop mail-2 t=30"];

  test.concurrent("pass when their own health checks say so, and not before", async () => {
    const engine = fakeEngine([
      ...BEFORE,
      HEALTHY,
      ...RUNNING,
      ...workers({ health: "healthy" }, { health: "starting" }, 4),
      ...WELL,
      REMOVED,
    ]);
    const { code, stdout, stderr, seconds } = await runStep("gate", input, engine);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^release 3f9a1c2b7d4e: 4 of 4 healthy after \d+\.\d s\n$/);
    expect(engine.calls().filter((call) => call === "start mail-1" || call === "start mail-2")).toHaveLength(2);
    expect(engine.calls().filter((call) => call === "inspect mail-2").length).toBeGreaterThan(4);
    expect(seconds).toBeLessThan(25);
    expect(stops(engine)).toEqual([]);
  });

  test.concurrent("pass without a health check when they have run for three seconds", async () => {
    const engine = fakeEngine([...BEFORE, HEALTHY, ...RUNNING, ...workers({}, { health: "healthy" }), REMOVED]);
    const { code, stdout } = await runStep("gate", input, engine);
    expect(code).toBe(0);
    expect(Number(/after (\d+\.\d) s/.exec(stdout)?.[1])).toBeGreaterThanOrEqual(3);
  });

  test.concurrent("fail long before the deadline when one ends, which is named with its log, and none of them goes on", async () => {
    const engine = fakeEngine([
      ...BEFORE,
      WAITING,
      ...RUNNING,
      ...workers({}, { status: "exited", exit: 3 }),
      { to: "logs mail-2 tail=50", stdout: "no queue" },
      REMOVED,
      STOPPED,
    ]);
    const { code, stderr, seconds } = await runStep("gate", input, engine);
    expect(code).toBe(1);
    expect(stderr.replace(/after \d\.\d s/, "after 0.1 s").split("\n")).toEqual([
      "release 3f9a1c2b7d4e is not healthy: worker mail-2 is not well after 0.1 s (deadline 60 s; exited, exit code 3, restarts 0, killed for memory false)",
      "  last log lines of mail-2:",
      "    no queue",
      "  No traffic was switched: the release that was live before goes on serving.",
      "  Mend the app or its configuration and run the update again. To clear this release away: npm run rollback -- --to <the live one>",
      "",
    ]);
    expect(seconds).toBeLessThan(25);
    expect(stops(engine).sort()).toEqual(BOTH);
  });

  test.concurrent("fail at the deadline when one does not get healthy, and that one is named", async () => {
    const engine = fakeEngine([
      ...BEFORE,
      HEALTHY,
      ...RUNNING,
      ...workers({ health: "healthy" }, { health: "starting" }),
      { to: "logs mail-2 tail=50" },
      REMOVED,
      STOPPED,
    ]);
    const { code, stderr } = await runStep("gate", { ...input, health: { ...input.health, deadline: 1 } }, engine);
    expect(code).toBe(1);
    expect(stderr.split("\n").slice(0, 2)).toEqual([
      expect.stringMatching(/worker mail-2 is not well after [1-9]\.\d s \(deadline 1 s; running, /),
      "  mail-2 wrote no log",
    ]);
    expect(stops(engine).sort()).toEqual(BOTH);
  });

  test.concurrent("are stopped when the web containers are not healthy: nothing of a failed release goes on working", async () => {
    const engine = fakeEngine([...BEFORE, UNHEALTHY, ...WELL, gatewayLog("web-1", "connection refused"), APP_LOG, REMOVED, STOPPED]);
    const { code, stderr } = await runStep("gate", input, engine);
    expect(code).toBe(1);
    expect(stderr).toContain("http://web-1:3000/up answered: connection refused");
    expect(stops(engine).sort()).toEqual(BOTH);
  });

  test.concurrent("that cannot be stopped are told of, after what failed", async () => {
    const engine = fakeEngine([
      ...BEFORE,
      UNHEALTHY,
      ...WELL,
      gatewayLog("web-1", "connection refused"),
      APP_LOG,
      REMOVED,
      { to: "stop mail-1", status: 500, message: "tried to kill it" },
      STOPPED,
    ]);
    const { code, stderr } = await runStep("gate", input, engine);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^release 3f9a1c2b7d4e is not healthy: http:\/\/web-1:3000\/up answered: connection refused[^]* {2}What was live before could not be brought back, run the update again: .* refused to stop container mail-1: tried to kill it\n$/,
    );
  });

  const liveAs = (targets: readonly string[]): Answer[] => [
    routeTo(...targets.map((name) => `${name}:3000`)),
    ...targets.map((name) => ({ ...container(name, { labels: LIVE_LABELS }) })),
  ];

  test.concurrent.each<[string, string[], [string, string][], string[]]>([
    [
      "all go on where they are the live release's, as after a change of the gateway",
      ["web-2", "web-1"],
      [
        ["mail-1", LIVE],
        ["mail-2", LIVE],
        ["old-1-aaaaaaa", LIVE],
      ],
      [],
    ],
    [
      "all go on where only replicas with traffic have new secrets",
      ["web-old"],
      [
        ["mail-1", LIVE],
        ["mail-2", LIVE],
      ],
      [],
    ],
    [
      "one is stopped that was to take the place of another, as with a new secret, and the others go on",
      ["web-2", "web-1"],
      [
        ["mail-1", LIVE],
        ["mail-2", LIVE],
        ["mail-2-0badcaf", LIVE],
      ],
      ["mail-2"],
    ],
    [
      "one is stopped that is another release's",
      ["web-old"],
      [
        ["mail-1", LIVE],
        ["mail-2", RELEASE],
      ],
      ["mail-2"],
    ],
  ])("%s, when the gate fails", async (_, targets, all, stopped) => {
    const stop: Answer[] = stopped.map((name) => ({ to: `stop ${name}` }));
    const engine = fakeEngine([
      ...liveAs(targets),
      STARTED,
      UNHEALTHY,
      ...WELL,
      gatewayLog("web-1", "x"),
      APP_LOG,
      REMOVED,
      { ...WORKERS, ...listed(...all.map(([name, release]) => [name, "worker", release] as const)) },
      ...stop,
    ]);
    expect((await runStep("gate", input, engine)).code).toBe(1);
    expect(stops(engine)).toEqual(stopped.map((name) => `stop ${name} t=30`));
  });
});

test.concurrent("an engine that fails is told in its own words, without a stack", async () => {
  const engine = fakeEngine([WAITING, { to: "inspect", status: 500, message: "out of memory" }, REMOVED]);
  const { code, stderr } = await runStep("gate", INPUT, engine);
  expect([code, stderr]).toEqual([1, `the Docker engine at ${engine.host} refused container web-1: out of memory\n`]);
});
