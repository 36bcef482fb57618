/** A gate that has to stop the old release before it starts the new one: see docs/decisions/0014-recreate-stops-and-starts.md. */
import type { GateInput } from "../../../steps/gate.ts";
import { type Answer, fakeDocker } from "../../support/fakeDocker.ts";
import { runStep } from "../../support/step.ts";
import { APP_LOG, GATE as INPUT, HEALTHY, JOB, LIVE, NO_ROUTE, OLD_LABELS, OLD_ROUTE, OLD_SETTINGS, proxy, REMOVED, routeTo, STATE, WAITING, WORKERS } from "../../support/stepInputs.ts";

describe("a release that allows one writer", () => {
  const input: GateInput = { ...INPUT, exclusive: true, candidates: ["web-1"], workers: ["mail-1"], drain: 2.5 };
  const OWNED = "--filter label=berth.project=berth --filter label=berth.stack=dev";
  const FORMAT = '--format {{.Names}} {{.Label "berth.part"}} {{.Label "berth.secrets"}}';
  const RUNNING_NOW: Answer = {
    to: `ps --all ${OWNED} --filter status=running --filter status=restarting ${FORMAT}`,
    stdout: ["web-old web", "mail-old worker", "gw gateway", "berth-dev-migration job", "mail-1 worker"].join("\n"),
  };
  const OF_LIVE: Answer = { to: `ps --all ${OWNED} --filter label=berth.release=${LIVE} ${FORMAT}`, stdout: ["web-old web ", 'web-failed web {"pin":"0badcafe0bad"}', "mail-old worker", "old-job job"].join("\n") };
  const PAUSED = proxy("pause app --drain-timeout 2.5s --max-pause 122.5s");
  const HELD: readonly Answer[] = [OLD_ROUTE, OLD_LABELS, PAUSED, RUNNING_NOW, { to: "stop --time 3 web-old mail-old" }];
  const STARTED: Answer = { to: "start web-1 mail-1" };
  const WELL: Answer = { to: "inspect --format {{.Name}} {{.State.Status}} {{.RestartCount}} web-1 mail-1", stdout: "/web-1 running 0\n/mail-1 running 0" };
  const CRASHED: Answer = { ...WELL, stdout: "/web-1 exited 0\n/mail-1 running 0" };
  const STEADY: Answer = { to: "inspect --format {{if .State.Health}}", stdout: "healthy" };
  const WHY: readonly Answer[] = [{ to: "logs --since" }, STATE, APP_LOG];
  /** All that brings the old release back. */
  const BACK: readonly Answer[] = [
    WORKERS, { to: "stop mail-1" }, { to: "stop --time 3 web-1 mail-1" }, OF_LIVE, { to: "start web-old mail-old" },
    proxy(`deploy gate-${LIVE}`), proxy(`remove gate-${LIVE}`), proxy("resume app"),
  ];
  const BACK_STEPS = ["ps", "stop mail-1", "stop --time 3 web-1 mail-1", "ps", "start web-old mail-old", `deploy gate-${LIVE}`, `remove gate-${LIVE}`, "resume app"];

  /** What was done, in order: starts and stops in full, kamal-proxy by its first words, and without what only looks. */
  const steps = (docker: ReturnType<typeof fakeDocker>) =>
    docker.calls().flatMap(([verb = "", ...words]) =>
      verb === "exec" ? [words.slice(2, 4).join(" ")] : ["start", "stop", "create", "rm"].includes(verb) ? [[verb, ...words].join(" ")] : verb === "ps" ? [verb] : []);

  test.concurrent("starts when requests wait and all other processes of the app have stopped, and the gate lets no request through", async () => {
    const docker = fakeDocker([...HELD, STARTED, HEALTHY, WELL, STEADY, REMOVED]);
    const { code, stdout, stderr } = await runStep("gate", input, docker);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("2 of 2 healthy");
    expect(steps(docker)).toEqual(["list", "pause app", "ps", "stop --time 3 web-old mail-old", "start web-1 mail-1", "deploy gate-3f9a1c2b7d4e", "remove gate-3f9a1c2b7d4e"]);
  });

  test.concurrent("has nothing to hold and nothing to stop when it is the first", async () => {
    const docker = fakeDocker([NO_ROUTE, proxy("pause", { stderr: "Error: service not found", exit: 1 }), { ...RUNNING_NOW, stdout: "gw gateway" }, STARTED, HEALTHY, WELL, STEADY, REMOVED]);
    expect((await runStep("gate", input, docker)).code).toBe(0);
    expect(steps(docker)).toEqual(["list", "pause app", "ps", "start web-1 mail-1", "deploy gate-3f9a1c2b7d4e", "remove gate-3f9a1c2b7d4e"]);
  });

  test.concurrent("gives way again where it fails: stopped, the old one started and probed at its own port, and only then the requests let through", async () => {
    const docker = fakeDocker([...HELD, STARTED, WAITING, CRASHED, STEADY, ...WHY, REMOVED, ...BACK]);
    const { code, stderr } = await runStep("gate", input, docker);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^release 3f9a1c2b7d4e is not healthy: container web-1 ended by itself/);
    expect(steps(docker).slice(4)).toEqual(["start web-1 mail-1", "deploy gate-3f9a1c2b7d4e", "remove gate-3f9a1c2b7d4e", ...BACK_STEPS]);
    expect(docker.calls().find((words) => words.includes(`gate-${LIVE}`))?.join(" ")).toMatch(/ --target web-old:9000 --health-check-path \/old /);
  });

  test.concurrent("gives way to several replicas only when the gateway, which goes on probing each of several, has had the time to see them all again", async () => {
    const settings = { ...OLD_SETTINGS, health: { ...OLD_SETTINGS.health, interval: 1.5 } };
    const labels = JSON.stringify({ Config: { Labels: { "berth.release": LIVE, "berth.settings": JSON.stringify(settings) } } });
    const two = [routeTo("web-old:9000", "web-old-2:9000"), { to: "inspect --type container web-old web-old-2", stdout: `[${labels},${labels}]` }];
    const [one, several] = await Promise.all([HELD, [...two, ...HELD.slice(2)]].map((held) => runStep("gate", input, fakeDocker([...held, STARTED, WAITING, CRASHED, STEADY, ...WHY, REMOVED, ...BACK]))));
    expect([one?.code, several?.code]).toEqual([1, 1]);
    expect((several?.seconds ?? 0) - (one?.seconds ?? 0)).toBeGreaterThan(1.5);
  });

  test.concurrent("that is the first and fails is stopped, and there is nothing to start", async () => {
    const docker = fakeDocker([NO_ROUTE, proxy("pause", { stderr: "Error: service not found", exit: 1 }), { ...RUNNING_NOW, stdout: "" }, STARTED, WAITING, CRASHED, STEADY, ...WHY, REMOVED, WORKERS, { to: "stop mail-1" }]);
    expect((await runStep("gate", input, docker)).code).toBe(1);
    expect(steps(docker).slice(3)).toEqual(["start web-1 mail-1", "deploy gate-3f9a1c2b7d4e", "remove gate-3f9a1c2b7d4e", "ps", "stop mail-1"]);
  });

  test.concurrent("does not start where requests cannot be held, and the old one goes on", async () => {
    const docker = fakeDocker([OLD_ROUTE, OLD_LABELS, proxy("pause", { stderr: "Error: no space left", exit: 1 }), ...BACK]);
    expect(await runStep("gate", input, docker)).toMatchObject({ code: 1, stderr: "the gateway cannot hold requests: Error: no space left\n" });
    expect(steps(docker)).toEqual(["list", "pause app", ...BACK_STEPS]);
  });

  test.concurrent("does not start where the old one cannot be stopped, and no request waits for it any longer", async () => {
    const docker = fakeDocker([...HELD.slice(0, 4), { to: "stop --time 3 web-old", stderr: "Error: permission denied", exit: 1 }, ...BACK]);
    expect(await runStep("gate", input, docker)).toMatchObject({ code: 1, stderr: "docker stop --time failed: Error: permission denied\n" });
    expect(steps(docker).slice(4)).toEqual(BACK_STEPS);
  });

  test.concurrent("is not held and not stopped where it has the traffic already, as after a change of the gateway or of a job", async () => {
    const docker = fakeDocker([routeTo("web-1:3000"), { ...OLD_LABELS, to: "inspect --type container web-1" }, STARTED, WAITING, CRASHED, STEADY, ...WHY, REMOVED, { ...WORKERS, stdout: `mail-1 ${LIVE}` }]);
    expect((await runStep("gate", input, docker)).code).toBe(1);
    expect(steps(docker)).toEqual(["list", "start web-1 mail-1", "deploy gate-3f9a1c2b7d4e", "remove gate-3f9a1c2b7d4e", "ps"]);
  });

  describe("with a migration", () => {
    const migrating: GateInput = { ...input, migration: { job: JOB, run: true, snapshot: null } };
    const job = (exit: string): readonly Answer[] => [
      { to: "inspect --type container --format {{.State.Status}}", exit: 1 }, { to: "create --name" }, { to: `start ${JOB.container}` },
      { to: "logs --follow", stdout: "one table" }, { to: "wait", stdout: exit }, { to: "rm --force" },
    ];
    const LONGER = proxy("pause app --drain-timeout 2.5s --max-pause 422.5s");

    test.concurrent("has it between the end of the old release and its own start, while requests wait the longer", async () => {
      const docker = fakeDocker([OLD_ROUTE, ...job("0"), OLD_LABELS, LONGER, ...HELD.slice(3), STARTED, HEALTHY, WELL, STEADY, REMOVED]);
      const { code, stdout } = await runStep("gate", migrating, docker);
      expect(code).toBe(0);
      expect(steps(docker).slice(3)).toEqual([
        "stop --time 3 web-old mail-old",
        `create --name ${JOB.container} --user 1000:1000 sha256:1111 migrate --all`,
        `start ${JOB.container}`,
        "start web-1 mail-1",
        "deploy gate-3f9a1c2b7d4e",
        "remove gate-3f9a1c2b7d4e",
      ]);
      expect(stdout.split("\n")).toEqual(["migration: one table", expect.stringMatching(/^migration of release 3f9a1c2b7d4e done after /), "done for releases: 3f9a1c2b7d4e", expect.stringContaining("2 of 2 healthy"), ""]);
    });

    test.concurrent("never starts where that fails, and the old one comes back", async () => {
      const docker = fakeDocker([OLD_ROUTE, ...job("4"), OLD_LABELS, LONGER, ...HELD.slice(3), ...BACK]);
      const { code, stderr } = await runStep("gate", migrating, docker);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^the migration of release 3f9a1c2b7d4e failed with exit code 4 after /);
      expect(steps(docker)).not.toContain("start web-1 mail-1");
      expect(steps(docker).slice(-BACK_STEPS.length)).toEqual(BACK_STEPS);
    });
  });
});
