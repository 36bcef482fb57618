import type { GateInput } from "../../../steps/gate.ts";
import { type Answer, fakeDocker } from "../../support/fakeDocker.ts";
import { runStep } from "../../support/step.ts";
import { APP_LOG, GATE as INPUT, HEALTHY, LIVE, OLD_LABELS, OLD_ROUTE, proxied, proxy, RELEASE, REMOVED, routeTo, STATE, WAITING, WORKERS } from "../../support/stepInputs.ts";
import { webServer } from "../../support/webServer.ts";

const UNHEALTHY = proxy("deploy gate-3f9a1c2b7d4e", { stderr: "Error: target failed to become healthy within configured timeout (60s)", exit: 1 });
const states = (first: string, second: string, times?: number): Answer => ({
  to: "inspect --format {{.Name}} {{.State.Status}} {{.RestartCount}} web-1 web-2",
  stdout: `/web-1 ${first}\n/web-2 ${second}`,
  ...(times && { times }),
});
const RUNNING = states("running 0", "running 0");
const gatewayLog = (container: string, error: string): Answer => ({
  to: "logs --since",
  stdout: JSON.stringify({ msg: "Healthcheck failed", url: `http://${container}:3000/up`, error }),
});
const address = (stdout: string): Answer => ({ to: "inspect --format {{range .NetworkSettings.Networks}}", stdout });
const verbsOf = (calls: readonly string[][]) => proxied(calls, 1);

describe("a healthy release", () => {
  test.concurrent("passes, and the probe's route is gone afterwards", async () => {
    const docker = fakeDocker([HEALTHY, RUNNING, REMOVED]);
    const { code, stdout, stderr } = await runStep("gate", INPUT, docker);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^release 3f9a1c2b7d4e: 2 of 2 healthy after \d+\.\d s\n$/);
    expect(verbsOf(docker.calls())).toEqual(["deploy", "remove"]);
  });

  test.concurrent.each([
    "Error: dial unix /tmp/kamal-proxy.sock: connect: no such file or directory",
    "Error: dial unix /tmp/kamal-proxy.sock: connect: connection refused",
    "Error response from daemon: Container 0123 is restarting, wait until the container is running",
    "Error response from daemon: Container 0123 is not running",
  ])("passes after a gateway that is just starting says %j", async (starting) => {
    const docker = fakeDocker([proxy("deploy", { stderr: starting, exit: 1, times: 2 }), HEALTHY, RUNNING, REMOVED]);
    expect((await runStep("gate", INPUT, docker)).code).toBe(0);
    expect(verbsOf(docker.calls())).toEqual(["deploy", "deploy", "deploy", "remove"]);
  });

  test.concurrent("starts a gateway that somebody has stopped, and no other", async () => {
    const [stopped, restarting] = ["is not running", "is restarting, wait until the container is running"].map((words) =>
      fakeDocker([proxy("deploy", { stderr: `Error response from daemon: Container 0123 ${words}`, exit: 1, times: 1 }), { to: "start" }, HEALTHY, RUNNING, REMOVED]),
    );
    for (const docker of [stopped, restarting]) expect((await runStep("gate", INPUT, docker ?? fakeDocker([]))).code).toBe(0);
    const starts = [stopped, restarting].map((docker) => docker?.calls().filter(([verb]) => verb === "start").map(([, ...names]) => names));
    expect(starts).toEqual([[[INPUT.gateway]], []]);
  });

  test.concurrent("passes though its replicas were restarted long ago, as after a change of the gateway", async () => {
    const docker = fakeDocker([proxy("deploy", { seconds: 1 }), states("running 3", "running 1"), REMOVED]);
    expect((await runStep("gate", INPUT, docker)).code).toBe(0);
  });

  test.concurrent("is probed under a host of its own each time", async () => {
    const hosts = await Promise.all([1, 2].map(async () => {
      const docker = fakeDocker([HEALTHY, RUNNING, REMOVED]);
      await runStep("gate", INPUT, docker);
      const words = docker.calls().find((call) => call.includes("--host")) ?? [];
      return words[words.indexOf("--host") + 1];
    }));
    expect(new Set(hosts).size).toBe(2);
    for (const host of hosts) expect(host).toMatch(/^[0-9a-f-]{36}\.invalid$/);
  });
});

describe("a release that is not healthy by the deadline", () => {
  test.concurrent("fails with the probed URL, its last answer, the body and the log, and the probe's route is gone", async () => {
    const app = await webServer((_, response) => response.writeHead(503).end("no database"));
    const { hostname, port } = new URL(app);
    const log: Answer = { ...gatewayLog("web-2", "unexpected status (503)"), stdout: gatewayLog("web-2", "unexpected status (503)").stdout?.replace("3000", port) ?? "" };
    const docker = fakeDocker([UNHEALTHY, RUNNING, log, STATE, APP_LOG, address(hostname), REMOVED]);
    const { code, stdout, stderr } = await runStep("gate", { ...INPUT, port: Number(port) }, docker);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr.replace(/for \d+\.\d s/, "for 60.0 s").split("\n")).toEqual([
      `release 3f9a1c2b7d4e is not healthy: http://web-2:${port}/up answered: unexpected status (503) for 60.0 s (deadline 60 s; container web-2: ${STATE.stdout})`,
      "  last answer: 503 no database",
      "  last log lines of web-2:",
      "    listening",
      "    no database",
      "  No traffic was switched: the release that was live before goes on serving.",
      "  Mend the app or its configuration and run the update again. To clear this release away: npm run rollback -- --to <the live one>",
      "",
    ]);
    expect(verbsOf(docker.calls()).at(-1)).toBe("remove");
  });

  test.concurrent("fails with what is known where the app's network cannot be reached from here", async () => {
    const docker = fakeDocker([UNHEALTHY, RUNNING, gatewayLog("web-1", "request timed out"), STATE, APP_LOG, address(""), REMOVED]);
    const { code, stderr } = await runStep("gate", INPUT, docker);
    expect(code).toBe(1);
    expect(stderr).toContain("http://web-1:3000/up answered: request timed out for");
    expect(stderr).not.toContain("last answer:");
  });
});

describe("a release whose container", () => {
  test.concurrent.each([
    ["has ended", [states("running 0", "exited 0")]],
    ["is started again and again", [states("running 0", "restarting 1")]],
    ["was started again meanwhile", [states("running 0", "running 0", 1), states("running 0", "running 1")]],
  ])("%s fails long before the deadline, and names it", async (_, inspected) => {
    const exited: Answer = { ...STATE, stdout: "exited, exit code 3, restarts 0, killed for memory false" };
    const docker = fakeDocker([WAITING, ...inspected, { to: "logs --since" }, exited, APP_LOG, REMOVED]);
    const { code, stderr, seconds } = await runStep("gate", INPUT, docker);
    expect(code).toBe(1);
    expect(stderr.split("\n")[0]).toMatch(/^release 3f9a1c2b7d4e is not healthy: container web-2 ended by itself after \d\.\d s \(exited, exit code 3, /);
    expect(stderr).toContain("    no database\n");
    expect(seconds).toBeLessThan(25);
    expect(verbsOf(docker.calls()).at(-1)).toBe("remove");
  });
});

describe("the workers of a release", () => {
  const input: GateInput = { ...INPUT, workers: ["mail-1", "mail-2"] };
  const all = (...lines: string[]): Answer => ({ to: "inspect --format {{.Name}} {{.State.Status}} {{.RestartCount}} web-1 web-2 mail-1 mail-2", stdout: ["/web-1 running 0", "/web-2 running 0", ...lines].join("\n") });
  const WELL = all("/mail-1 running 0", "/mail-2 running 0");
  const health = (first: string, second: string, times?: number): Answer => ({ to: "inspect --format {{if .State.Health}}", stdout: `${first}\n${second}`, ...(times && { times }) });
  const STARTED: Answer = { to: "start mail-1 mail-2" };
  const STOPPED: Answer = { to: "stop mail-1 mail-2" };
  const BEFORE = [OLD_ROUTE, OLD_LABELS, STARTED, WORKERS];
  const stops = (docker: ReturnType<typeof fakeDocker>) => docker.calls().filter(([verb]) => verb === "stop");

  test.concurrent("pass when their own health checks say so, and not before", async () => {
    const docker = fakeDocker([...BEFORE, HEALTHY, WELL, health("healthy", "starting", 2), health("healthy", "healthy"), REMOVED]);
    const { code, stdout, stderr, seconds } = await runStep("gate", input, docker);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^release 3f9a1c2b7d4e: 4 of 4 healthy after \d+\.\d s\n$/);
    expect(docker.calls().filter((words) => words.join(" ").startsWith("inspect --format {{if .State.Health}}"))).toHaveLength(3);
    expect(seconds).toBeLessThan(25);
    expect(stops(docker)).toEqual([]);
  });

  test.concurrent("pass without a health check when they have run for three seconds", async () => {
    const docker = fakeDocker([...BEFORE, HEALTHY, WELL, health("running", "healthy"), REMOVED]);
    const { code, stdout } = await runStep("gate", input, docker);
    expect(code).toBe(0);
    expect(Number(/after (\d+\.\d) s/.exec(stdout)?.[1])).toBeGreaterThanOrEqual(3);
  });

  test.concurrent("fail long before the deadline when one ends, which is named with its log, and none of them goes on", async () => {
    const exited: Answer = { to: "inspect --format {{.State.Status}}, exit code {{.State.ExitCode}}, restarts {{.RestartCount}}, killed for memory {{.State.OOMKilled}} mail-2", stdout: "exited, exit code 3, restarts 0, killed for memory false" };
    const docker = fakeDocker([...BEFORE, WAITING, all("/mail-1 running 0", "/mail-2 exited 0"), health("running", "exited"), exited, { to: "logs --tail 50 mail-2", stdout: "no queue" }, REMOVED, STOPPED]);
    const { code, stderr, seconds } = await runStep("gate", input, docker);
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
    expect(stops(docker)).toEqual([["stop", "mail-1", "mail-2"]]);
  });

  test.concurrent("fail at the deadline when one does not get healthy, and that one is named", async () => {
    const docker = fakeDocker([...BEFORE, HEALTHY, WELL, health("healthy", "starting"), STATE, { to: "logs --tail 50 mail-2" }, REMOVED, STOPPED]);
    const { code, stderr } = await runStep("gate", { ...input, health: { ...input.health, deadline: 1 } }, docker);
    expect(code).toBe(1);
    expect(stderr.split("\n").slice(0, 2)).toEqual([expect.stringMatching(/worker mail-2 is not well after [1-9]\.\d s \(deadline 1 s; running, /), "  mail-2 wrote no log"]);
    expect(stops(docker)).toEqual([["stop", "mail-1", "mail-2"]]);
  });

  test.concurrent("are stopped when the web containers are not healthy: nothing of a failed release goes on working", async () => {
    const docker = fakeDocker([...BEFORE, UNHEALTHY, WELL, health("healthy", "healthy"), gatewayLog("web-1", "connection refused"), STATE, APP_LOG, address(""), REMOVED, STOPPED]);
    const { code, stderr } = await runStep("gate", input, docker);
    expect(code).toBe(1);
    expect(stderr).toContain("http://web-1:3000/up answered: connection refused");
    expect(stops(docker)).toEqual([["stop", "mail-1", "mail-2"]]);
  });

  const liveAs = (targets: readonly string[]): Answer[] => [routeTo(...targets.map((name) => `${name}:3000`)), { ...OLD_LABELS, to: `inspect --type container ${targets.join(" ")}` }];

  test.concurrent.each<[string, string[], string[], string[]]>([
    ["all go on where they are the live release's, as after a change of the gateway", ["web-2", "web-1"], [`mail-1 ${LIVE}`, `mail-2 ${LIVE}`, `old-1-aaaaaaa ${LIVE}`], []],
    ["all go on where only replicas with traffic have new secrets", ["web-old"], [`mail-1 ${LIVE}`, `mail-2 ${LIVE}`], []],
    ["one is stopped that was to take the place of another, as with a new secret, and the others go on", ["web-2", "web-1"], [`mail-1 ${LIVE}`, `mail-2 ${LIVE}`, `mail-2-0badcaf ${LIVE}`], ["mail-2"]],
    ["one is stopped that is another release's", ["web-old"], [`mail-1 ${LIVE}`, `mail-2 ${RELEASE}`], ["mail-2"]],
  ])("%s, when the gate fails", async (_, targets, workers, stopped) => {
    const stop: Answer = { to: `stop ${stopped.join(" ")}` };
    const docker = fakeDocker([...liveAs(targets), STARTED, UNHEALTHY, WELL, health("healthy", "healthy"), gatewayLog("web-1", "x"), STATE, APP_LOG, address(""), REMOVED, { ...WORKERS, stdout: workers.join("\n") }, ...(stopped.length > 0 ? [stop] : [])]);
    expect((await runStep("gate", input, docker)).code).toBe(1);
    expect(stops(docker)).toEqual(stopped.length > 0 ? [["stop", ...stopped]] : []);
  });
});

test.concurrent("an engine that fails is told in its own words, without a stack", async () => {
  const docker = fakeDocker([WAITING, { to: "inspect", stderr: "Error: No such object: web-1", exit: 1 }, REMOVED]);
  const { code, stderr } = await runStep("gate", INPUT, docker);
  expect([code, stderr]).toEqual([1, "docker inspect --format failed: Error: No such object: web-1\n"]);
});
