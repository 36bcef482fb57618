/** A switch that has to prove good: how a release is watched and taken back. */
import type { RouteInput } from "../../../steps/switch.ts";
import { type Answer, type FakeEngine, fakeEngine } from "../../support/fakeEngine.ts";
import { runStep } from "../../support/step.ts";
import {
  container,
  JOB,
  listed,
  LIVE,
  LIVE_LABELS,
  NO_ROUTE,
  noContainer,
  OLD_LABELS,
  OLD_ROUTE,
  OWNED,
  proxied,
  proxy,
  RELEASE,
  ROUTE,
  routeTo,
  type State,
  WORKERS,
} from "../../support/stepInputs.ts";

const BAKE = { duration: 1, errors: 5, slowdown: 3, minRequests: 20 };
const baking: RouteInput = { ...ROUTE, bake: BAKE, workers: ["mail-1"] };
/** For a bake that a breach ends, however busy the machine is. */
const bakingLong: RouteInput = { ...baking, bake: { ...BAKE, duration: 60 } };

const answered = (name: string, times: number, { status = 200, milliseconds = 10 } = {}): string =>
  Array.from({ length: times }, () =>
    JSON.stringify({ msg: "Request", target: `${name}:3000`, status, duration: milliseconds * 1e6 }),
  ).join("\n");
/** What the gateway has logged before the switch, and what it logs after it; at the end, there is nothing more. */
const earlier = (stdout = "listening"): Answer => ({ to: "logs gw tail=2000", stdout });
const meanwhile = (...stdout: string[]): Answer => ({ to: "logs gw follow", stdout: ["not an answer", ...stdout].join("\n"), open: 20 });
const REST: Answer = { to: "logs gw since=" };
/** How the two new containers are. */
const states = (first: State, second: State = { health: "healthy" }, times?: number): Answer[] => [
  container("web-1", first),
  { ...container("web-2", second), ...(times && { times }) },
];
const WELL = states({});
const SWITCHED = proxy("deploy app --target web-1:3000");
const BACK = proxy("deploy app --target web-old:9000");
const RESUMED = proxy("resume app");
const STARTED: Answer = { to: "start web-old" };
const STOPPED: Answer = { to: "stop mail-1" };
const APP_LOG: Answer = { to: "logs web-", stdout: "listening", stderr: "no database" };
const NONE: Answer = { to: `containers ${OWNED} label=berth.part=web status=paused` };
const BEFORE = [NONE, OLD_ROUTE, OLD_LABELS, WORKERS];
const TAKEN_BACK = [STARTED, BACK, RESUMED, APP_LOG, STOPPED];

/** Whom the gateway was told to send the traffic to, in order. */
const switches = (engine: FakeEngine) =>
  engine
    .calls()
    .filter((call) => call.startsWith("exec gw kamal-proxy deploy app"))
    .map((call) => [...call.matchAll(/--target (\S+)/g)].map(([, target]) => target));
const stops = (engine: FakeEngine) => engine.calls().filter((call) => call.startsWith("stop "));
const timeless = (text: string) =>
  text
    .replace(/\d+\.\d s/g, "0.1 s")
    .trimEnd()
    .split("\n");

describe("a release that bakes", () => {
  test.concurrent("is live after that time, when its answers and its containers are good", async () => {
    const engine = fakeEngine([
      ...BEFORE,
      earlier(answered("web-old", 30)),
      meanwhile(answered("web-1", 30), answered("web-2", 1, { status: 500 })),
      REST,
      ...WELL,
      SWITCHED,
      RESUMED,
    ]);
    const { code, stdout, stderr, seconds } = await runStep("route", baking, engine);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n")).toEqual(["baking, 0 s to go: 31 answers, 1 errors", `release ${RELEASE} is live on 2 replicas`, ""]);
    expect(seconds).toBeGreaterThan(BAKE.duration);
    expect(seconds).toBeLessThan(15); // nothing waits for the end of the gateway's log
    expect(switches(engine)).toEqual([["web-1:3000", "web-2:3000"]]);
  });

  test.concurrent(
    "is taken back at once when too many of its answers are errors, in numbers, with the old port, path and times",
    async () => {
      const engine = fakeEngine([
        ...BEFORE,
        earlier(answered("web-old", 30)),
        meanwhile(answered("web-1", 24), answered("web-1", 6, { status: 502 }), answered("web-old", 50, { status: 500 })),
        ...WELL,
        SWITCHED,
        ...TAKEN_BACK,
      ]);
      const { code, stdout, stderr, seconds } = await runStep("route", bakingLong, engine);
      expect([code, stdout]).toEqual([1, ""]);
      expect(timeless(stderr)).toEqual([
        `release ${RELEASE} was taken back 0.1 s after the switch: 6 of 30 answers of web-1 were errors (20.0 %, limit 5 %)`,
        `  Release ${LIVE} serves again on web-old. Meanwhile the new one gave 30 answers, 6 of them errors.`,
        "  last log lines of web-1:",
        "    listening",
        "    no database",
      ]);
      expect(seconds).toBeLessThan(5); // before it would tell of the bake again
      expect(switches(engine)).toEqual([["web-1:3000", "web-2:3000"], ["web-old:9000"]]);
      const back = engine.calls().findLast((call) => call.startsWith("exec gw kamal-proxy deploy"));
      expect(back).toContain("--health-check-path /old");
      expect(back).toContain("--drain-timeout 5s");
      expect(stops(engine)).toEqual(["stop mail-1 t=30"]);
    },
  );

  test.concurrent("is judged as a whole, too, where no replica alone has enough answers", async () => {
    const engine = fakeEngine([
      ...BEFORE,
      earlier(),
      meanwhile(answered("web-1", 12), answered("web-2", 12, { status: 500 })),
      ...WELL,
      SWITCHED,
      ...TAKEN_BACK,
    ]);
    expect((await runStep("route", bakingLong, engine)).stderr).toContain(
      "12 of 24 answers of the release were errors (50.0 %, limit 5 %)",
    );
  });

  test.concurrent("is taken back when it is slower than the one before", async () => {
    const engine = fakeEngine([
      ...BEFORE,
      earlier(answered("web-old", 30, { milliseconds: 100 })),
      meanwhile(answered("web-2", 20, { milliseconds: 900 })),
      ...WELL,
      SWITCHED,
      ...TAKEN_BACK,
    ]);
    const { code, stderr } = await runStep("route", bakingLong, engine);
    expect(code).toBe(1);
    expect(timeless(stderr)[0]).toContain(
      "web-2 answers in 900 ms (95th percentile of 20), what was live before in 100 ms (limit 3 times that)",
    );
    expect(stderr).toContain("  last log lines of web-2:\n");
  });

  test.concurrent.each<[string, Answer[], string]>([
    ["has ended", states({}, { status: "exited", health: "unhealthy" }), "container web-2 is exited"],
    ["turns unhealthy", states({}, { health: "unhealthy" }), "container web-2 is unhealthy"],
    [
      "was started again",
      [...states({}, { restarts: 2 }, 1), container("web-2", { restarts: 3 })],
      "container web-2 ended and was started again",
    ],
    ["is gone", [container("web-1"), noContainer("web-2")], "container web-2 is gone"],
  ])("is taken back when a container %s", async (_, inspected, reason) => {
    const engine = fakeEngine([...BEFORE, earlier(), meanwhile(), ...inspected, SWITCHED, ...TAKEN_BACK]);
    const { code, stderr } = await runStep("route", bakingLong, engine);
    expect(code).toBe(1);
    expect(timeless(stderr)[0]).toBe(`release ${RELEASE} was taken back 0.1 s after the switch: ${reason}`);
    expect(stderr).toContain("  last log lines of web-2:\n");
    expect(switches(engine).at(-1)).toEqual(["web-old:9000"]);
  });

  test.concurrent("goes on serving where it is the first and there is nothing to go back to, but the update fails", async () => {
    const engine = fakeEngine([
      NONE,
      NO_ROUTE,
      earlier(),
      meanwhile(answered("web-1", 20, { status: 500 })),
      ...WELL,
      SWITCHED,
      RESUMED,
      APP_LOG,
    ]);
    const { code, stderr } = await runStep("route", bakingLong, engine);
    expect(code).toBe(1);
    expect(stderr.split("\n").slice(0, 2)).toEqual([
      `release ${RELEASE} is not good enough: 20 of 20 answers of web-1 were errors (100.0 %, limit 5 %)`,
      "  There is no earlier release to go back to, so it goes on serving.",
    ]);
    expect(switches(engine)).toEqual([["web-1:3000", "web-2:3000"]]);
    expect(stops(engine)).toEqual([]);
  });

  test.concurrent("has nothing to go back to where what was live says nothing of its settings, as of an earlier Berth", async () => {
    const engine = fakeEngine([
      NONE,
      OLD_ROUTE,
      container("web-old"),
      earlier(),
      meanwhile(answered("web-1", 20, { status: 500 })),
      ...WELL,
      SWITCHED,
      RESUMED,
      APP_LOG,
    ]);
    expect((await runStep("route", bakingLong, engine)).stderr).toContain("There is no earlier release to go back to");
  });

  test.concurrent("does not bake again where its containers have the traffic already, in whatever order", async () => {
    const engine = fakeEngine([
      NONE,
      routeTo("web-2:3000", "web-1:3000"),
      ...["web-1", "web-2"].map((name) => container(name, { labels: LIVE_LABELS })),
      SWITCHED,
      RESUMED,
    ]);
    const { code, stdout } = await runStep("route", bakingLong, engine);
    expect([code, stdout]).toEqual([0, `release ${RELEASE} is live on 2 replicas\n`]);
    expect(proxied(engine.calls())).toEqual(["list", "deploy app", "resume app"]);
  });

  test.concurrent("does not bake behind the maintenance page", async () => {
    const engine = fakeEngine([NONE, SWITCHED, proxy("stop app")]);
    expect((await runStep("route", { ...baking, maintenance: "Back at noon", smokeTest: JOB }, engine)).code).toBe(0);
    expect(proxied(engine.calls())).toEqual(["deploy app", "stop app"]);
  });
});

describe("what a release that bakes is judged by", () => {
  const bad = answered("web-1", 20, { status: 500 });
  const ends = (stdout: string): Answer => ({ to: "logs gw follow", stdout, times: 1 });
  const GATEWAY = container("gw");

  test.concurrent("is read on where the engine ends the gateway's log in the middle", async () => {
    const engine = fakeEngine([
      ...BEFORE,
      earlier(),
      ends(answered("web-1", 12)),
      GATEWAY,
      meanwhile(answered("web-1", 8, { status: 500 })),
      ...WELL,
      SWITCHED,
      ...TAKEN_BACK,
    ]);
    const { code, stderr } = await runStep("route", bakingLong, engine);
    expect([code, timeless(stderr)[0]]).toEqual([
      1,
      `release ${RELEASE} was taken back 0.1 s after the switch: 8 of 20 answers of web-1 were errors (40.0 %, limit 5 %)`,
    ]);
  });

  test.concurrent("is read to its end before the release counts as good", async () => {
    const engine = fakeEngine([...BEFORE, earlier(), meanwhile(), { ...REST, stdout: bad }, ...WELL, SWITCHED, ...TAKEN_BACK]);
    expect((await runStep("route", baking, engine)).stderr).toContain("20 of 20 answers of web-1 were errors");
    expect(switches(engine).at(-1)).toEqual(["web-old:9000"]);
  });

  test.concurrent.each<[string, Answer[], string]>([
    [
      "the gateway's log is refused after the switch",
      [{ to: "logs gw follow", status: 500, message: "cannot open the log" }, GATEWAY],
      "its answers cannot be judged: .* refused the log of container gw: cannot open the log",
    ],
    [
      "the gateway's log is refused at the end",
      [meanwhile(), { ...REST, status: 500, message: "cannot open the log" }],
      "its answers cannot be judged: .* refused the log of container gw: cannot open the log",
    ],
    [
      "the containers cannot be looked at in the end",
      [meanwhile(), REST, { to: "inspect web-1", status: 500, message: "out of memory" }],
      "its containers cannot be looked at: .* refused container web-1: out of memory",
    ],
  ])("is never nothing: a release goes back where %s", async (_, answers, reason) => {
    const engine = fakeEngine([...BEFORE, earlier(), ...answers, ...WELL, SWITCHED, ...TAKEN_BACK]);
    const { code, stdout, stderr } = await runStep("route", baking, engine);
    expect([code, stdout.includes("is live")]).toEqual([1, false]);
    expect(timeless(stderr)[0]).toMatch(new RegExp(`was taken back 0\\.1 s after the switch: ${reason}`));
    expect(switches(engine).at(-1)).toEqual(["web-old:9000"]);
  });

  test.concurrent("is there before the switch, or nothing is switched", async () => {
    const engine = fakeEngine([...BEFORE, { to: "logs gw", status: 500, message: "cannot open the log" }]);
    expect(await runStep("route", baking, engine)).toMatchObject({
      code: 1,
      stderr: `the Docker engine at ${engine.host} refused the log of container gw: cannot open the log\n`,
    });
    expect(switches(engine)).toEqual([]);
  });
});

describe("a release that goes back", () => {
  const bad = [earlier(), meanwhile(answered("web-1", 20, { status: 500 })), ...WELL, SWITCHED];

  test.concurrent("goes back to what is left where one of two live replicas was removed by hand", async () => {
    const engine = fakeEngine([
      NONE,
      routeTo("web-gone:9000", "web-old:9000"),
      noContainer("web-gone"),
      OLD_LABELS,
      WORKERS,
      ...bad,
      ...TAKEN_BACK,
    ]);
    const { code, stderr } = await runStep("route", bakingLong, engine);
    expect(code).toBe(1);
    expect(stderr).toContain(`  Release ${LIVE} serves again on web-old. Meanwhile`);
    expect(switches(engine).at(-1)).toEqual(["web-old:9000"]);
  });

  test.concurrent("is not switched to where the engine does not tell what is live", async () => {
    const engine = fakeEngine([
      NONE,
      routeTo("web-gone:9000", "web-old:9000"),
      { to: "inspect web-gone", status: 500, message: "timed out" },
      OLD_LABELS,
      WORKERS,
      ...bad,
    ]);
    expect(await runStep("route", bakingLong, engine)).toMatchObject({
      code: 1,
      stderr: `the Docker engine at ${engine.host} refused container web-gone: timed out\n`,
    });
    expect(switches(engine)).toEqual([]);
  });

  const two = [NONE, routeTo("web-sick:9000", "web-old:9000"), container("web-sick", { labels: LIVE_LABELS }), OLD_LABELS, WORKERS];

  test.concurrent("goes back to the replica that starts where the other one does not", async () => {
    const engine = fakeEngine([...two, ...bad, { to: "start web-sick", status: 409, message: "it is paused" }, ...TAKEN_BACK]);
    const { stdout, stderr } = await runStep("route", bakingLong, engine);
    expect(stdout).toMatch(/^container web-sick of release aaaaaaaaaaaa does not start again: .*: it is paused\n$/);
    expect(stderr).toContain(`  Release ${LIVE} serves again on web-old. Meanwhile`);
  });

  test.concurrent("goes back to the healthy replicas where the gateway does not take them all", async () => {
    const engine = fakeEngine([
      ...two,
      ...bad,
      { to: "start" },
      proxy("deploy app --target web-sick:9000", { stderr: "Error: target failed to become healthy", exit: 1 }),
      proxy("deploy gate-aaaaaaaaaaaa-1", { stderr: "Error: target failed to become healthy", exit: 1 }),
      proxy("deploy gate-aaaaaaaaaaaa-2"),
      proxy("remove gate-"),
      ...TAKEN_BACK,
    ]);
    const { code, stderr } = await runStep("route", bakingLong, engine);
    expect(code).toBe(1);
    expect(stderr).toContain(`  Release ${LIVE} serves again on web-old. Meanwhile`);
    expect(switches(engine).slice(1)).toEqual([["web-sick:9000", "web-old:9000"], ["web-old:9000"]]);
  });

  test.concurrent("that cannot go back says so after its reason", async () => {
    const engine = fakeEngine([...BEFORE, ...bad, STARTED, { ...BACK, stderr: "Error: no space left", exit: 1 }, RESUMED, APP_LOG]);
    const { code, stderr } = await runStep("route", bakingLong, engine);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^release 3f9a1c2b7d4e is not good enough: 20 of 20 answers of web-1 were errors .*\n {2}The traffic could not be sent back, run the update again: the gateway refused deploy: no space left\n$/,
    );
  });

  test.concurrent("is told of also where its log is not", async () => {
    const engine = fakeEngine([
      ...BEFORE,
      ...bad,
      ...TAKEN_BACK.filter((answer) => answer !== APP_LOG),
      { to: "logs web-1", status: 500, message: "cannot open it" },
    ]);
    expect((await runStep("route", bakingLong, engine)).stderr).toMatch(
      /^release 3f9a1c2b7d4e was taken back [^]* {2}the log of web-1 cannot be told: .*: cannot open it\n$/,
    );
  });
});

describe("a release that allows one writer", () => {
  const ofLive: Answer = {
    to: `containers all ${OWNED} label=berth.release=${LIVE}`,
    ...listed(["web-old", "web"], ["mail-old", "worker"]),
  };
  const GIVEN_BACK = [
    proxy("pause app"),
    { to: "stop web-1 t=30" },
    { to: "stop mail-1 t=30" },
    ofLive,
    { to: "start web-old" },
    { to: "start mail-old" },
    BACK,
    RESUMED,
    APP_LOG,
  ];
  const alone: RouteInput = { ...bakingLong, exclusive: true, targets: ["web-1"] };
  const steps = (engine: FakeEngine) =>
    engine
      .calls()
      .flatMap((call) => (call.startsWith("exec ") ? [call.split(" ").slice(3, 5).join(" ")] : /^(start|stop) /.test(call) ? [call] : []));
  const GIVEN_STEPS = ["pause app", "stop web-1 t=30", "stop mail-1 t=30", "start web-old", "start mail-old", "deploy app", "resume app"];

  test.concurrent(
    "gives way again while requests wait: stopped, the old one started, the traffic back, and only then let through",
    async () => {
      const engine = fakeEngine([
        ...BEFORE,
        earlier(),
        meanwhile(answered("web-1", 20, { status: 500 })),
        container("web-1"),
        SWITCHED,
        RESUMED,
        ...GIVEN_BACK,
      ]);
      const { code, stderr } = await runStep("route", alone, engine);
      expect(code).toBe(1);
      expect(stderr).toContain(`Release ${LIVE} serves again on web-old.`);
      expect(steps(engine).slice(steps(engine).indexOf("pause app"))).toEqual(GIVEN_STEPS);
    },
  );

  test.concurrent.each<[string, Partial<RouteInput>]>([
    ["that bakes", {}],
    ["that does not", { bake: null }],
  ])("%s gives way, too, where the gateway refuses the switch", async (_, more) => {
    const engine = fakeEngine([
      ...BEFORE,
      earlier(),
      meanwhile(),
      REST,
      container("web-1"),
      { ...SWITCHED, stderr: "Error: no space left", exit: 1 },
      ...GIVEN_BACK,
    ]);
    expect(await runStep("route", { ...alone, ...more }, engine)).toMatchObject({
      code: 1,
      stderr: "the gateway refused deploy: no space left\n",
    });
    expect(steps(engine).slice(steps(engine).indexOf("pause app"))).toEqual(GIVEN_STEPS);
  });
});

describe("a canary", () => {
  const canary = { release: "bbbbbbbbbbbb", targets: ["canary-1"], port: 9000, limits: BAKE };
  const trying: RouteInput = { ...ROUTE, release: LIVE, targets: ["web-old"], port: 3000, canary };
  const WELL_CANARY = container("canary-1");
  const TRIED = proxy("deploy app --target web-old:3000 --target canary-1:9000");

  test.concurrent("takes its share, is watched alone, and gets a verdict", async () => {
    const engine = fakeEngine([
      ...BEFORE,
      earlier(),
      meanwhile(answered("canary-1", 20), answered("web-old", 50, { status: 500 })),
      REST,
      WELL_CANARY,
      TRIED,
      RESUMED,
    ]);
    const { code, stdout } = await runStep("route", trying, engine);
    expect(code).toBe(0);
    expect(stdout).toContain("canary bbbbbbbbbbbb is good: 20 answers in 1 s within the limits\n");
    expect(switches(engine)).toEqual([["web-old:3000", "canary-1:9000"]]);
  });

  test.concurrent("is taken out alone when it is worse than the release beside it", async () => {
    const engine = fakeEngine([
      ...BEFORE,
      earlier(),
      meanwhile(answered("web-old", 20, { milliseconds: 100 }), answered("canary-1", 20, { milliseconds: 900 })),
      WELL_CANARY,
      TRIED,
      ...TAKEN_BACK,
      { to: "logs canary-1" },
    ]);
    const { code, stderr } = await runStep("route", { ...trying, canary: { ...canary, limits: { ...BAKE, duration: 60 } } }, engine);
    expect(code).toBe(1);
    expect(timeless(stderr)[0]).toMatch(/^canary bbbbbbbbbbbb was taken back 0\.1 s after the switch: canary-1 answers in 900 ms/);
    expect(switches(engine).at(-1)).toEqual(["web-old:9000"]);
    expect(stops(engine)).toEqual([]);
  });

  test.concurrent("that has its share already keeps its verdict", async () => {
    const engine = fakeEngine([NONE, routeTo("web-old:3000", "canary-1:9000"), OLD_LABELS, WELL_CANARY, TRIED, RESUMED]);
    const { code, stdout } = await runStep("route", trying, engine, {
      env: { PULUMI_COMMAND_STDOUT: "x\ncanary bbbbbbbbbbbb is held: 3 answers in 1 s\nrelease y is live" },
    });
    expect(code).toBe(0);
    expect(stdout.split("\n")[0]).toBe("canary bbbbbbbbbbbb is held: 3 answers in 1 s");
  });

  test.concurrent("beside the live release is nothing that another release goes back to", async () => {
    const tried = container("canary-1", { labels: { ...LIVE_LABELS, "berth.release": "bbbbbbbbbbbb" } });
    const engine = fakeEngine([
      NONE,
      routeTo("web-old:9000", "canary-1:3000"),
      OLD_LABELS,
      tried,
      WORKERS,
      earlier(),
      meanwhile(answered("web-1", 20, { status: 500 })),
      ...WELL,
      SWITCHED,
      { to: "start canary-1" },
      ...TAKEN_BACK,
    ]);
    expect((await runStep("route", bakingLong, engine)).stderr).toContain(`  Release ${LIVE} serves again on web-old. Meanwhile`);
  });
});

describe("a smoke test", () => {
  const smokeTest = { ...JOB, what: "smoke-test", container: `berth-dev-smoke-test-${RELEASE}` };
  const name = smokeTest.container;
  const ended = (exit: number): readonly Answer[] => [
    { to: `remove ${name}`, status: 404, message: "No such container" },
    { ...noContainer(name), times: 1 },
    container(name, { status: "exited", exit }),
    { to: "create" },
    { to: `start ${name}` },
    { to: `logs ${name} follow`, stdout: "asked /" },
    { to: "wait", exit },
  ];
  const verbs = (engine: FakeEngine) =>
    engine
      .calls()
      .map((call) => call.split(" "))
      .map((words) => (words[0] === "exec" ? words[3] : words[0]) ?? "");

  test.concurrent("runs once the traffic is there, never counting one that ran before, and then the release is live", async () => {
    const engine = fakeEngine([NONE, OLD_ROUTE, ...ended(0), OLD_LABELS, earlier(), meanwhile(), REST, ...WELL, SWITCHED, RESUMED]);
    const { code, stdout } = await runStep("route", { ...ROUTE, smokeTest }, engine);
    expect(code).toBe(0);
    expect(timeless(stdout)).toEqual([
      "smoke-test: asked /",
      `smoke-test of release ${RELEASE} done after 0.1 s`,
      `release ${RELEASE} is live on 2 replicas`,
    ]);
    const order = verbs(engine);
    expect(order.indexOf("deploy")).toBeLessThan(order.indexOf("create"));
    expect(order.indexOf("remove")).toBeLessThan(order.indexOf("create"));
  });

  test.concurrent("without a bake lets pass what answers fail: it alone says whether the release is good", async () => {
    const engine = fakeEngine([
      NONE,
      OLD_ROUTE,
      ...ended(0),
      OLD_LABELS,
      earlier(),
      meanwhile(answered("web-1", 50, { status: 500 })),
      REST,
      ...WELL,
      SWITCHED,
      RESUMED,
    ]);
    expect((await runStep("route", { ...ROUTE, smokeTest }, engine)).code).toBe(0);
  });

  test.concurrent("that fails sends the traffic back, with its exit code and its last lines", async () => {
    const engine = fakeEngine([...ended(3), ...BEFORE, earlier(), meanwhile(answered("web-1", 2)), ...WELL, SWITCHED, ...TAKEN_BACK]);
    const { code, stderr } = await runStep("route", { ...baking, smokeTest, bake: { ...BAKE, duration: 60 } }, engine);
    expect(code).toBe(1);
    expect(timeless(stderr)).toEqual([
      `release ${RELEASE} was taken back 0.1 s after the switch: the smoke-test of release ${RELEASE} failed with exit code 3 after 0.1 s`,
      "  its last lines:",
      "    asked /",
      `  Release ${LIVE} serves again on web-old. Meanwhile the new one gave 2 answers, 0 of them errors.`,
      "  last log lines of web-1:",
      "    listening",
      "    no database",
    ]);
    expect(switches(engine)).toEqual([["web-1:3000", "web-2:3000"], ["web-old:9000"]]);
  });

  test.concurrent("that cannot be made sends the traffic back, too", async () => {
    const engine = fakeEngine([
      { to: "create", status: 404, message: "No such image" },
      ...ended(0),
      ...BEFORE,
      earlier(),
      meanwhile(),
      ...WELL,
      SWITCHED,
      ...TAKEN_BACK,
    ]);
    expect(timeless((await runStep("route", { ...baking, smokeTest }, engine)).stderr)[0]).toMatch(
      /was taken back 0\.1 s after the switch: .* refused a new container \S+: No such image$/,
    );
    expect(switches(engine).at(-1)).toEqual(["web-old:9000"]);
  });

  test.concurrent("does not begin where the release is taken back before the old one is drained", async () => {
    const engine = fakeEngine([
      ...BEFORE,
      earlier(),
      meanwhile(answered("web-1", 20, { status: 500 })),
      ...WELL,
      { ...SWITCHED, seconds: 3 },
      ...TAKEN_BACK,
    ]);
    const { code, stderr } = await runStep("route", { ...baking, smokeTest }, engine);
    expect(code).toBe(1);
    expect(timeless(stderr)[0]).toContain("20 of 20 answers of web-1 were errors");
    expect(verbs(engine)).not.toContain("create");
  });

  test.concurrent("ends with a release that is taken back meanwhile", async () => {
    const [removed, ...rest] = ended(137);
    const engine = fakeEngine([
      { ...(removed as Answer), times: 1 },
      { to: `remove ${name}` },
      { to: "wait", seconds: 2, exit: 137 },
      ...rest,
      ...BEFORE,
      earlier(),
      meanwhile(),
      ...states({}, {}, 3),
      container("web-2", { status: "exited" }),
      SWITCHED,
      ...TAKEN_BACK,
    ]);
    const { code, stderr } = await runStep("route", { ...baking, smokeTest, bake: { ...BAKE, duration: 60 } }, engine);
    expect([code, timeless(stderr)[0]]).toEqual([1, `release ${RELEASE} was taken back 0.1 s after the switch: container web-2 is exited`]);
    expect(engine.calls().filter((call) => call === `remove ${name}`).length).toBeGreaterThan(1);
  });
});
