import type { GateInput } from "../../../steps/gate.ts";
import { type Answer, fakeDocker } from "../../support/fakeDocker.ts";
import { runStep } from "../../support/step.ts";
import { webServer } from "../../support/webServer.ts";

const INPUT: GateInput = {
  gateway: "gw",
  release: "3f9a1c2b7d4e",
  candidates: ["web-1", "web-2"],
  port: 3000,
  health: { path: "/up", interval: 1, timeout: 5, deadline: 60 },
};

const proxy = (words: string, answer: Omit<Answer, "to"> = {}): Answer => ({ to: `exec gw kamal-proxy ${words}`, ...answer });
const HEALTHY = proxy("deploy gate-3f9a1c2b7d4e");
const UNHEALTHY = proxy("deploy gate-3f9a1c2b7d4e", { stderr: "Error: target failed to become healthy within configured timeout (60s)", exit: 1 });
const WAITING = proxy("deploy gate-3f9a1c2b7d4e", { seconds: 30 });
const REMOVED = proxy("remove gate-3f9a1c2b7d4e");
const states = (first: string, second: string, times?: number): Answer => ({
  to: "inspect --format {{.Name}} {{.State.Status}} {{.RestartCount}} web-1 web-2",
  stdout: `/web-1 ${first}\n/web-2 ${second}`,
  ...(times && { times }),
});
const RUNNING = states("running 0", "running 0");
const STATE: Answer = { to: "inspect --format {{.State.Status}}", stdout: "running, exit code 0, restarts 0, killed for memory false" };
const APP_LOG: Answer = { to: "logs --tail 50", stdout: "listening", stderr: "no database" };
const gatewayLog = (container: string, error: string): Answer => ({
  to: "logs --since",
  stdout: JSON.stringify({ msg: "Healthcheck failed", url: `http://${container}:3000/up`, error }),
});
const address = (stdout: string): Answer => ({ to: "inspect --format {{range .NetworkSettings.Networks}}", stdout });
const verbsOf = (calls: readonly string[][]) => calls.filter(([verb]) => verb === "exec").map((words) => words[3]);

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

test.concurrent("an engine that fails is told in its own words, without a stack", async () => {
  const docker = fakeDocker([WAITING, { to: "inspect", stderr: "Error: No such object: web-1", exit: 1 }, REMOVED]);
  const { code, stderr } = await runStep("gate", INPUT, docker);
  expect([code, stderr]).toEqual([1, "docker inspect --format failed: Error: No such object: web-1\n"]);
});
