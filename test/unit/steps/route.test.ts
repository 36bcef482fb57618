/** A switch that has to prove good: how a release is watched and taken back. */
import type { RouteInput } from "../../../steps/switch.ts";
import { type Answer, type FakeDocker, fakeDocker } from "../../support/fakeDocker.ts";
import { runStep } from "../../support/step.ts";
import { JOB, LIVE, NO_ROUTE, OLD_LABELS, OLD_ROUTE, proxied, proxy, RELEASE, ROUTE, routeTo, WORKERS } from "../../support/stepInputs.ts";

const BAKE = { duration: 1, errors: 5, slowdown: 3, minRequests: 20 };
const baking: RouteInput = { ...ROUTE, bake: BAKE, workers: ["mail-1"] };
/** For a bake that a breach ends, however busy the machine is. */
const bakingLong: RouteInput = { ...baking, bake: { ...BAKE, duration: 60 } };

const answered = (container: string, times: number, { status = 200, milliseconds = 10 } = {}): string =>
  Array.from({ length: times }, () => JSON.stringify({ msg: "Request", target: `${container}:3000`, status, duration: milliseconds * 1e6 })).join("\n");
/** What the gateway has logged before the switch, and what it logs after it. */
const earlier = (stdout = ""): Answer => ({ to: "logs --tail 2000 gw", stdout });
const meanwhile = (...stdout: string[]): Answer => ({ to: "logs --follow --tail 0 gw", stdout: ["not an answer", ...stdout].join("\n"), open: 20 });
const states = (first: string, second = "running 0 healthy", times?: number): Answer => ({
  to: "inspect --format {{.Name}} {{.State.Status}} {{.RestartCount}} {{if .State.Health}}{{.State.Health.Status}}{{end}} web-1 web-2",
  stdout: `/web-1 ${first}\n/web-2 ${second}`,
  ...(times && { times }),
});
const WELL = states("running 0 ");
const SWITCHED = proxy("deploy app --target web-1:3000");
const BACK = proxy("deploy app --target web-old:9000");
const RESUMED = proxy("resume app");
const STOPPED: Answer = { to: "stop mail-1" };
const APP_LOG: Answer = { to: "logs --tail 20", stdout: "listening", stderr: "no database" };
const BEFORE = [OLD_ROUTE, OLD_LABELS, WORKERS];

/** Whom the gateway was told to send the traffic to, in order. */
const switches = (docker: FakeDocker) => docker.calls().filter((words) => words[3] === "deploy").map((words) => words.filter((_, index) => words[index - 1] === "--target"));
const timeless = (text: string) => text.replace(/\d+\.\d s/g, "0.1 s").trimEnd().split("\n");

describe("a release that bakes", () => {
  test.concurrent("is live after that time, when its answers and its containers are good", async () => {
    const docker = fakeDocker([...BEFORE, earlier(answered("web-old", 30)), meanwhile(answered("web-1", 30), answered("web-2", 1, { status: 500 })), WELL, SWITCHED, RESUMED]);
    const { code, stdout, stderr, seconds } = await runStep("route", baking, docker);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n")).toEqual(["baking, 0 s to go: 31 answers, 1 errors", `release ${RELEASE} is live on 2 replicas`, ""]);
    expect(seconds).toBeGreaterThan(BAKE.duration);
    expect(seconds).toBeLessThan(15); // nothing waits for the end of the gateway's log
    expect(switches(docker)).toEqual([["web-1:3000", "web-2:3000"]]);
  });

  test.concurrent("is taken back at once when too many of its answers are errors, in numbers, with the old port, path and times", async () => {
    const docker = fakeDocker([
      ...BEFORE, earlier(answered("web-old", 30)), meanwhile(answered("web-1", 24), answered("web-1", 6, { status: 502 }), answered("web-old", 50, { status: 500 })),
      WELL, SWITCHED, BACK, RESUMED, APP_LOG, STOPPED,
    ]);
    const { code, stdout, stderr, seconds } = await runStep("route", bakingLong, docker);
    expect([code, stdout]).toEqual([1, ""]);
    expect(timeless(stderr)).toEqual([
      `release ${RELEASE} was taken back 0.1 s after the switch: 6 of 30 answers of web-1 were errors (20.0 %, limit 5 %)`,
      `  Release ${LIVE} serves again on web-old. Meanwhile the new one gave 30 answers, 6 of them errors.`,
      "  last log lines of web-1:",
      "    listening",
      "    no database",
    ]);
    expect(seconds).toBeLessThan(5); // before it would tell of the bake again
    expect(switches(docker)).toEqual([["web-1:3000", "web-2:3000"], ["web-old:9000"]]);
    const back = docker.calls().findLast((words) => words[3] === "deploy")?.join(" ");
    expect(back).toContain("--health-check-path /old");
    expect(back).toContain("--drain-timeout 5s");
    expect(docker.calls().filter(([verb]) => verb === "stop")).toEqual([["stop", "mail-1"]]);
  });

  test.concurrent("is judged as a whole, too, where no replica alone has enough answers", async () => {
    const docker = fakeDocker([
      ...BEFORE, earlier(), meanwhile(answered("web-1", 12), answered("web-2", 12, { status: 500 })), WELL, SWITCHED, BACK, RESUMED, APP_LOG, STOPPED,
    ]);
    expect((await runStep("route", bakingLong, docker)).stderr).toContain("12 of 24 answers of the release were errors (50.0 %, limit 5 %)");
  });

  test.concurrent("is taken back when it is slower than the one before", async () => {
    const docker = fakeDocker([
      ...BEFORE, earlier(answered("web-old", 30, { milliseconds: 100 })), meanwhile(answered("web-2", 20, { milliseconds: 900 })), WELL, SWITCHED, BACK, RESUMED, APP_LOG, STOPPED,
    ]);
    const { code, stderr } = await runStep("route", bakingLong, docker);
    expect(code).toBe(1);
    expect(timeless(stderr)[0]).toContain("web-2 answers in 900 ms (95th percentile of 20), what was live before in 100 ms (limit 3 times that)");
    expect(stderr).toContain("  last log lines of web-2:\n");
  });

  test.concurrent.each<[string, Answer[], string]>([
    ["has ended", [states("running 0 ", "exited 0 unhealthy")], "container web-2 is exited"],
    ["turns unhealthy", [states("running 0 ", "running 0 unhealthy")], "container web-2 is unhealthy"],
    ["was started again", [states("running 0 ", "running 2 ", 1), states("running 0 ", "running 3 ")], "container web-2 ended and was started again"],
  ])("is taken back when a container %s", async (_, inspected, reason) => {
    const docker = fakeDocker([...BEFORE, earlier(), meanwhile(), ...inspected, SWITCHED, BACK, RESUMED, APP_LOG, STOPPED]);
    const { code, stderr } = await runStep("route", bakingLong, docker);
    expect(code).toBe(1);
    expect(timeless(stderr)[0]).toBe(`release ${RELEASE} was taken back 0.1 s after the switch: ${reason}`);
    expect(stderr).toContain("  last log lines of web-2:\n");
    expect(switches(docker).at(-1)).toEqual(["web-old:9000"]);
  });

  test.concurrent("goes on serving where it is the first and there is nothing to go back to, but the update fails", async () => {
    const docker = fakeDocker([NO_ROUTE, earlier(), meanwhile(answered("web-1", 20, { status: 500 })), WELL, SWITCHED, RESUMED, APP_LOG]);
    const { code, stderr } = await runStep("route", bakingLong, docker);
    expect(code).toBe(1);
    expect(stderr.split("\n").slice(0, 2)).toEqual([
      `release ${RELEASE} is not good enough: 20 of 20 answers of web-1 were errors (100.0 %, limit 5 %)`,
      "  There is no earlier release to go back to, so it goes on serving.",
    ]);
    expect(switches(docker)).toEqual([["web-1:3000", "web-2:3000"]]);
    expect(docker.calls().filter(([verb]) => verb === "stop")).toEqual([]);
  });

  test.concurrent("has nothing to go back to where what was live says nothing of its settings, as of an earlier Berth", async () => {
    const docker = fakeDocker([OLD_ROUTE, { ...OLD_LABELS, stdout: '[{"Config":{"Labels":{}}}]' }, earlier(), meanwhile(answered("web-1", 20, { status: 500 })), WELL, SWITCHED, RESUMED, APP_LOG]);
    expect((await runStep("route", bakingLong, docker)).stderr).toContain("There is no earlier release to go back to");
  });

  test.concurrent("does not bake again where its containers have the traffic already, in whatever order", async () => {
    const docker = fakeDocker([routeTo("web-2:3000", "web-1:3000"), { ...OLD_LABELS, to: "inspect --type container web-2 web-1" }, SWITCHED, RESUMED]);
    const { code, stdout } = await runStep("route", bakingLong, docker);
    expect([code, stdout]).toEqual([0, `release ${RELEASE} is live on 2 replicas\n`]);
    expect(proxied(docker.calls())).toEqual(["list", "deploy app", "resume app"]);
  });

  test.concurrent("does not bake behind the maintenance page", async () => {
    const docker = fakeDocker([SWITCHED, proxy("stop app")]);
    expect((await runStep("route", { ...baking, maintenance: "Back at noon", smokeTest: JOB }, docker)).code).toBe(0);
    expect(proxied(docker.calls())).toEqual(["deploy app", "stop app"]);
  });
});

describe("a release that allows one writer", () => {
  test.concurrent("gives way again while requests wait: stopped, the old one started, the traffic back, and only then let through", async () => {
    const format = '--format {{.Names}} {{.Label "berth.part"}} {{.Label "berth.secrets"}}';
    const ofLive: Answer = { to: `ps --all --filter label=berth.project=berth --filter label=berth.stack=dev --filter label=berth.release=${LIVE} ${format}`, stdout: "web-old web\nmail-old worker" };
    const docker = fakeDocker([
      ...BEFORE, earlier(), meanwhile(answered("web-1", 20, { status: 500 })), { ...WELL, to: WELL.to.replace(" web-2", ""), stdout: "/web-1 running 0 " }, SWITCHED, RESUMED,
      proxy("pause app"), { to: "stop --time 30 web-1 mail-1" }, ofLive, { to: "start web-old mail-old" }, BACK, APP_LOG,
    ]);
    const { code, stderr } = await runStep("route", { ...baking, exclusive: true, targets: ["web-1"], bake: { ...BAKE, duration: 60 } }, docker);
    expect(code).toBe(1);
    expect(stderr).toContain(`Release ${LIVE} serves again on web-old.`);
    const steps = docker.calls().filter(([verb = ""]) => ["exec", "start", "stop"].includes(verb)).map((words) => (words[0] === "exec" ? words.slice(3, 5) : words).join(" "));
    expect(steps.slice(steps.indexOf("pause app"))).toEqual(["pause app", "stop --time 30 web-1 mail-1", "start web-old mail-old", "deploy app", "resume app"]);
  });
});

describe("a canary", () => {
  const canary = { release: "bbbbbbbbbbbb", targets: ["canary-1"], port: 9000, limits: BAKE };
  const trying: RouteInput = { ...ROUTE, release: LIVE, targets: ["web-old"], port: 3000, canary };
  const WELL_CANARY: Answer = { to: "inspect --format {{.Name}} {{.State.Status}} {{.RestartCount}}", stdout: "/canary-1 running 0 " };
  const TRIED = proxy("deploy app --target web-old:3000 --target canary-1:9000");

  test.concurrent("takes its share, is watched alone, and gets a verdict", async () => {
    const docker = fakeDocker([...BEFORE, earlier(), meanwhile(answered("canary-1", 20), answered("web-old", 50, { status: 500 })), WELL_CANARY, TRIED, RESUMED]);
    const { code, stdout } = await runStep("route", trying, docker);
    expect(code).toBe(0);
    expect(stdout).toContain("canary bbbbbbbbbbbb is good: 20 answers in 1 s within the limits\n");
    expect(switches(docker)).toEqual([["web-old:3000", "canary-1:9000"]]);
  });

  test.concurrent("is taken out alone when it is worse than the release beside it", async () => {
    const docker = fakeDocker([
      ...BEFORE, earlier(), meanwhile(answered("web-old", 20, { milliseconds: 100 }), answered("canary-1", 20, { milliseconds: 900 })), WELL_CANARY, TRIED, BACK, RESUMED, APP_LOG,
    ]);
    const { code, stderr } = await runStep("route", { ...trying, canary: { ...canary, limits: { ...BAKE, duration: 60 } } }, docker);
    expect(code).toBe(1);
    expect(timeless(stderr)[0]).toMatch(/^canary bbbbbbbbbbbb was taken back 0\.1 s after the switch: canary-1 answers in 900 ms/);
    expect(switches(docker).at(-1)).toEqual(["web-old:9000"]);
    expect(docker.calls().filter(([verb]) => verb === "stop")).toEqual([]);
  });

  test.concurrent("that has its share already keeps its verdict", async () => {
    const docker = fakeDocker([routeTo("web-old:3000", "canary-1:9000"), { ...OLD_LABELS, to: "inspect --type container web-old canary-1" }, TRIED, RESUMED]);
    const { code, stdout } = await runStep("route", trying, docker, { env: { PULUMI_COMMAND_STDOUT: "x\ncanary bbbbbbbbbbbb is held: 3 answers in 1 s\nrelease y is live" } });
    expect(code).toBe(0);
    expect(stdout.split("\n")[0]).toBe("canary bbbbbbbbbbbb is held: 3 answers in 1 s");
  });
});

describe("a smoke test", () => {
  const smokeTest = { ...JOB, what: "smoke-test", container: `berth-dev-smoke-test-${RELEASE}` };
  const ended = (code: string): readonly Answer[] => [
    { to: `rm --force ${smokeTest.container}` }, { to: "inspect --type container --format", exit: 1 }, { to: "create --name" }, { to: `start ${smokeTest.container}` },
    { to: "logs --follow berth-dev-smoke-test", stdout: "asked /" }, { to: "wait", stdout: code },
  ];
  const verbs = (docker: FakeDocker) => docker.calls().map((words) => (words[0] === "exec" ? words[3] : words[0]) ?? "");

  test.concurrent("runs once the traffic is there, never counting one that ran before, and then the release is live", async () => {
    const docker = fakeDocker([OLD_ROUTE, ...ended("0"), OLD_LABELS, earlier(), meanwhile(), WELL, SWITCHED, RESUMED]);
    const { code, stdout } = await runStep("route", { ...ROUTE, smokeTest }, docker);
    expect(code).toBe(0);
    expect(timeless(stdout)).toEqual(["smoke-test: asked /", `smoke-test of release ${RELEASE} done after 0.1 s`, `release ${RELEASE} is live on 2 replicas`]);
    const order = verbs(docker);
    expect(order.indexOf("deploy")).toBeLessThan(order.indexOf("create"));
    expect(order.indexOf("rm")).toBeLessThan(order.indexOf("create"));
  });

  test.concurrent("without a bake lets pass what answers fail: it alone says whether the release is good", async () => {
    const docker = fakeDocker([OLD_ROUTE, ...ended("0"), OLD_LABELS, earlier(), meanwhile(answered("web-1", 50, { status: 500 })), WELL, SWITCHED, RESUMED]);
    expect((await runStep("route", { ...ROUTE, smokeTest }, docker)).code).toBe(0);
  });

  test.concurrent("that fails sends the traffic back, with its exit code and its last lines", async () => {
    const docker = fakeDocker([OLD_ROUTE, ...ended("3"), OLD_LABELS, WORKERS, earlier(), meanwhile(answered("web-1", 2)), WELL, SWITCHED, BACK, RESUMED, APP_LOG, STOPPED]);
    const { code, stderr } = await runStep("route", { ...baking, smokeTest, bake: { ...BAKE, duration: 60 } }, docker);
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
    expect(switches(docker)).toEqual([["web-1:3000", "web-2:3000"], ["web-old:9000"]]);
  });

  test.concurrent("does not begin where the release is taken back before the old one is drained", async () => {
    const docker = fakeDocker([...BEFORE, earlier(), meanwhile(answered("web-1", 20, { status: 500 })), WELL, { ...SWITCHED, seconds: 3 }, BACK, RESUMED, APP_LOG, STOPPED]);
    const { code, stderr } = await runStep("route", { ...baking, smokeTest }, docker);
    expect(code).toBe(1);
    expect(timeless(stderr)[0]).toContain("20 of 20 answers of web-1 were errors");
    expect(verbs(docker)).not.toContain("create");
  });
});
