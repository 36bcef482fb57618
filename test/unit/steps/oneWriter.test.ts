/** A gate that has to stop the old release before it starts the new one: see docs/decisions/0014-recreate-stops-and-starts.md. */
import type { GateInput } from "../../../steps/gate.ts";
import { type Answer, type FakeEngine, fakeEngine } from "../../support/fakeEngine.ts";
import { runStep } from "../../support/step.ts";
import {
  APP_LOG,
  container,
  GATE as INPUT,
  HEALTHY,
  JOB,
  listed,
  LIVE,
  LIVE_LABELS,
  NO_ROUTE,
  noContainer,
  OLD_LABELS,
  OLD_ROUTE,
  OLD_SETTINGS,
  OWNED,
  proxy,
  REMOVED,
  routeTo,
  WAITING,
  WORKERS,
} from "../../support/stepInputs.ts";

describe("a release that allows one writer", () => {
  const input: GateInput = { ...INPUT, exclusive: true, candidates: ["web-1"], workers: ["mail-1"], drain: 2.5 };
  const RUNNING_NOW: Answer = {
    to: `containers all status=running status=restarting status=paused ${OWNED}`,
    ...listed(["web-old", "web"], ["mail-old", "worker"], ["gw", "gateway"], ["berth-dev-migration", "job"], ["mail-1", "worker"]),
  };
  const OF_LIVE: Answer = {
    to: `containers all ${OWNED} label=berth.release=${LIVE}`,
    ...listed(
      ["web-old", "web"],
      ["web-failed", "web", "", { "berth.secrets": '{"pin":"0badcafe0bad"}' }],
      ["mail-old", "worker"],
      ["old-job", "job"],
    ),
  };
  const PAUSED = proxy("pause app --drain-timeout 2.5s --max-pause 122.5s");
  const HELD: readonly Answer[] = [OLD_ROUTE, OLD_LABELS, PAUSED, RUNNING_NOW, { to: "stop web-old t=3" }, { to: "stop mail-old t=3" }];
  const STARTED: readonly Answer[] = [{ to: "start web-1" }, { to: "start mail-1" }];
  const WELL: readonly Answer[] = [container("web-1"), container("mail-1", { health: "healthy" })];
  const CRASHED: readonly Answer[] = [container("web-1", { status: "exited" }), ...WELL.slice(1)];
  const WHY: readonly Answer[] = [{ to: "logs gw" }, APP_LOG];
  /** All that brings the old release back. */
  const BACK: readonly Answer[] = [
    WORKERS,
    { to: "stop web-1 t=3" },
    { to: "stop mail-1 t=3" },
    OF_LIVE,
    { to: "start web-old" },
    { to: "start mail-old" },
    proxy(`deploy gate-${LIVE}`),
    proxy(`remove gate-${LIVE}`),
    proxy("resume app"),
  ];
  const BACK_STEPS = [
    "containers",
    "stop web-1 t=3",
    "stop mail-1 t=3",
    "containers",
    "start web-old",
    "start mail-old",
    `deploy gate-${LIVE}`,
    `remove gate-${LIVE}`,
    "resume app",
  ];

  /** What was done, in order: starts and stops in full, kamal-proxy by its first words, and without what only looks. */
  const steps = (engine: FakeEngine) =>
    engine.calls().flatMap((call) => {
      const [verb = "", ...words] = call.split(" ");
      return verb === "exec"
        ? [words.slice(2, 4).join(" ")]
        : ["start", "stop", "create", "remove"].includes(verb)
          ? [call]
          : verb === "containers"
            ? [verb]
            : [];
    });
  const OWN_START = ["start web-1", "start mail-1", "deploy gate-3f9a1c2b7d4e", "remove gate-3f9a1c2b7d4e"];

  test.concurrent(
    "starts when requests wait and all other processes of the app have stopped, and the gate lets no request through",
    async () => {
      const engine = fakeEngine([...HELD, ...STARTED, HEALTHY, ...WELL, REMOVED]);
      const { code, stdout, stderr } = await runStep("gate", input, engine);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain("2 of 2 healthy");
      expect(steps(engine)).toEqual(["list", "pause app", "containers", "stop web-old t=3", "stop mail-old t=3", ...OWN_START]);
    },
  );

  test.concurrent("has nothing to hold and nothing to stop when it is the first", async () => {
    const engine = fakeEngine([
      NO_ROUTE,
      proxy("pause", { stderr: "Error: service not found", exit: 1 }),
      { ...RUNNING_NOW, ...listed(["gw", "gateway"]) },
      ...STARTED,
      HEALTHY,
      ...WELL,
      REMOVED,
    ]);
    expect((await runStep("gate", input, engine)).code).toBe(0);
    expect(steps(engine)).toEqual(["list", "pause app", "containers", ...OWN_START]);
  });

  test.concurrent(
    "gives way again where it fails: stopped, the old one started and probed at its own port, and only then the requests let through",
    async () => {
      const engine = fakeEngine([...HELD, ...STARTED, WAITING, ...CRASHED, ...WHY, REMOVED, ...BACK]);
      const { code, stderr } = await runStep("gate", input, engine);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^release 3f9a1c2b7d4e is not healthy: container web-1 ended by itself/);
      expect(steps(engine).slice(5)).toEqual([...OWN_START, ...BACK_STEPS]);
      expect(engine.calls().find((call) => call.includes(`deploy gate-${LIVE}`))).toMatch(
        / --target web-old:9000 --health-check-path \/old /,
      );
    },
  );

  describe("and fails where the old one had two replicas", () => {
    const two: readonly Answer[] = [routeTo("web-gone:9000", "web-old:9000"), noContainer("web-gone"), ...HELD.slice(1)];

    test.concurrent("of which one was removed by hand gives way to the other", async () => {
      const engine = fakeEngine([...two, ...STARTED, WAITING, ...CRASHED, ...WHY, REMOVED, ...BACK]);
      expect((await runStep("gate", input, engine)).code).toBe(1);
      expect(steps(engine).slice(-BACK_STEPS.length)).toEqual(BACK_STEPS);
    });

    test.concurrent("of which the engine does not tell one is not begun: nothing is held and nothing stopped", async () => {
      const engine = fakeEngine([two[0] as Answer, { to: "inspect web-gone", status: 500, message: "timed out" }, ...HELD.slice(1)]);
      expect(await runStep("gate", input, engine)).toMatchObject({
        code: 1,
        stderr: `the Docker engine at ${engine.host} refused container web-gone: timed out\n`,
      });
      expect(steps(engine)).toEqual(["list"]);
    });

    test.concurrent("of which one does not start again gives way to the other, and says so", async () => {
      const labels = { labels: LIVE_LABELS };
      const both = [routeTo("web-old-2:9000", "web-old:9000"), container("web-old-2", labels), ...HELD.slice(1)];
      const engine = fakeEngine([
        ...both,
        ...STARTED,
        WAITING,
        ...CRASHED,
        ...WHY,
        REMOVED,
        { to: "start web-old-2", status: 500, message: "no such device" },
        ...BACK,
      ]);
      const { code, stdout } = await runStep("gate", input, engine);
      expect(code).toBe(1);
      expect(stdout).toMatch(
        /^once more, because .*no such device\ncontainer web-old-2 of release aaaaaaaaaaaa does not start again: .*: no such device\n/,
      );
      expect(engine.calls().find((call) => call.includes(`deploy gate-${LIVE}`))).toContain(" --target web-old:9000 --health-check-path");
      expect(steps(engine).at(-1)).toBe("resume app");
    });
  });

  test.concurrent("gives way to one that does not get healthy, either: requests are let through, and both are told of", async () => {
    const sick = proxy(`deploy gate-${LIVE}`, { stderr: "Error: target failed to become healthy", exit: 1 });
    const engine = fakeEngine([...HELD, ...STARTED, WAITING, ...CRASHED, ...WHY, REMOVED, sick, ...BACK]);
    const { stderr } = await runStep("gate", input, engine);
    expect(stderr).toMatch(
      /^release 3f9a1c2b7d4e is not healthy: [^]* {2}What was live before could not be brought back, run the update again: release aaaaaaaaaaaa was started again and does not get healthy\n$/,
    );
    expect(steps(engine).at(-1)).toBe("resume app");
  });

  test.concurrent(
    "gives way to several replicas only when the gateway, which goes on probing each of several, has had the time to see them all again",
    async () => {
      const settings = { ...OLD_SETTINGS, health: { ...OLD_SETTINGS.health, interval: 1.5 } };
      const labels = { "berth.release": LIVE, "berth.settings": JSON.stringify(settings) };
      const two = [routeTo("web-old:9000", "web-old-2:9000"), container("web-old", { labels })];
      const [one, several] = await Promise.all(
        [HELD, [...two, ...HELD.slice(2)]].map((held) =>
          runStep("gate", input, fakeEngine([...held, ...STARTED, WAITING, ...CRASHED, ...WHY, REMOVED, ...BACK])),
        ),
      );
      expect([one?.code, several?.code]).toEqual([1, 1]);
      expect((several?.seconds ?? 0) - (one?.seconds ?? 0)).toBeGreaterThan(1.5);
    },
  );

  test.concurrent("that is the first and fails is stopped, there is nothing to start, and no request waits", async () => {
    const none = (words: string) => proxy(words, { stderr: "Error: service not found", exit: 1 });
    const engine = fakeEngine([
      NO_ROUTE,
      none("pause"),
      none("resume"),
      { ...RUNNING_NOW, json: [] },
      ...STARTED,
      WAITING,
      ...CRASHED,
      ...WHY,
      REMOVED,
      WORKERS,
      { to: "stop mail-1 t=3" },
    ]);
    expect((await runStep("gate", input, engine)).code).toBe(1);
    expect(steps(engine).slice(3)).toEqual([...OWN_START, "containers", "stop mail-1 t=3", "resume app"]);
  });

  test.concurrent("does not start where requests cannot be held, and the old one goes on", async () => {
    const engine = fakeEngine([OLD_ROUTE, OLD_LABELS, proxy("pause", { stderr: "Error: no space left", exit: 1 }), ...BACK]);
    expect(await runStep("gate", input, engine)).toMatchObject({
      code: 1,
      stderr: "the gateway cannot hold requests: Error: no space left\n",
    });
    expect(steps(engine)).toEqual(["list", "pause app", ...BACK_STEPS]);
  });

  test.concurrent("does not start where the old one cannot be stopped, and no request waits for it any longer", async () => {
    const engine = fakeEngine([
      ...HELD.slice(0, 4),
      { to: "stop web-old", status: 500, message: "permission denied" },
      ...HELD.slice(5),
      ...BACK,
    ]);
    expect(await runStep("gate", input, engine)).toMatchObject({
      code: 1,
      stderr: `the Docker engine at ${engine.host} refused to stop container web-old: permission denied\n`,
    });
    expect(steps(engine).slice(5)).toEqual(BACK_STEPS);
  });

  test.concurrent("that cannot be stopped again is not joined by the old one", async () => {
    const engine = fakeEngine([
      ...HELD,
      ...STARTED,
      WAITING,
      ...CRASHED,
      ...WHY,
      REMOVED,
      { to: "stop web-1", status: 500, message: "permission denied" },
      ...BACK,
    ]);
    const { stderr } = await runStep("gate", input, engine);
    expect(stderr).toMatch(
      /What was live before could not be brought back, run the update again: .* refused to stop container web-1: permission denied\n$/,
    );
    expect(steps(engine)).not.toContain("start web-old");
  });

  test.concurrent(
    "is not held and not stopped where it has the traffic already, as after a change of the gateway or of a job",
    async () => {
      const live = container("web-1", { labels: LIVE_LABELS });
      const engine = fakeEngine([
        routeTo("web-1:3000"),
        { ...live, times: 1 },
        ...STARTED,
        WAITING,
        ...CRASHED,
        ...WHY,
        REMOVED,
        { ...WORKERS, ...listed(["mail-1", "worker", LIVE]) },
      ]);
      expect((await runStep("gate", input, engine)).code).toBe(1);
      expect(steps(engine)).toEqual(["list", ...OWN_START, "containers"]);
    },
  );

  describe("with a migration", () => {
    const migrating: GateInput = { ...input, migration: { job: JOB, run: true, snapshot: null } };
    const job = (exit: number): readonly Answer[] => [
      { ...noContainer(JOB.container), times: 1 },
      container(JOB.container, { status: "exited", exit }),
      { to: "create" },
      { to: `start ${JOB.container}` },
      { to: `logs ${JOB.container} follow`, stdout: "one table" },
      { to: "wait", exit },
      { to: "remove" },
    ];
    const LONGER = proxy("pause app --drain-timeout 2.5s --max-pause 422.5s");

    test.concurrent("has it between the end of the old release and its own start, while requests wait the longer", async () => {
      const engine = fakeEngine([OLD_ROUTE, ...job(0), OLD_LABELS, LONGER, ...HELD.slice(3), ...STARTED, HEALTHY, ...WELL, REMOVED]);
      const { code, stdout } = await runStep("gate", migrating, engine);
      expect(code).toBe(0);
      expect(steps(engine).slice(3)).toEqual([
        "stop web-old t=3",
        "stop mail-old t=3",
        `create ${JOB.container}`,
        `start ${JOB.container}`,
        ...OWN_START,
      ]);
      expect(engine.sent("create")).toEqual([JOB.spec]);
      expect(stdout.split("\n")).toEqual([
        "migration: one table",
        expect.stringMatching(/^migration of release 3f9a1c2b7d4e done after /),
        "done for releases: 3f9a1c2b7d4e",
        expect.stringContaining("2 of 2 healthy"),
        "",
      ]);
    });

    test.concurrent("never starts where that fails, and the old one comes back", async () => {
      const engine = fakeEngine([OLD_ROUTE, ...job(4), OLD_LABELS, LONGER, ...HELD.slice(3), ...BACK]);
      const { code, stderr } = await runStep("gate", migrating, engine);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^the migration of release 3f9a1c2b7d4e failed with exit code 4 after /);
      expect(steps(engine)).not.toContain("start web-1");
      expect(steps(engine).slice(-BACK_STEPS.length)).toEqual(BACK_STEPS);
    });
  });
});
