import { pathToFileURL } from "node:url";
import { CERTIFICATE, KEY } from "../../support/certificate.ts";
import { OWNER } from "../../support/configuration.ts";
import { type Answer, fakeDocker } from "../../support/fakeDocker.ts";
import { runNode, runStep } from "../../support/step.ts";
import { proxied, ROUTE as input } from "../../support/stepInputs.ts";
import { entriesOf } from "../../support/tar.ts";

const SENTINEL = "hunter2-sentinel";
const OWNED = ["--filter", "label=berth.project=berth", "--filter", "label=berth.stack=dev"];

test.concurrent("a gateway that never takes a command is named, with what it says and where to look", async () => {
  const docker = fakeDocker([{ to: "exec gw kamal-proxy resume app", stderr: "Error: dial unix: connection refused", exit: 1 }]);
  const program = `Promise.all(["engine/gateway.ts", "steps/step.ts"].map((file) => import(new URL(file, "${pathToFileURL("./").href}")))).then(([{ tryGateway }, { runStep }]) => runStep(() => tryGateway("gw", ["resume", "app"], { seconds: 0.3 })))`;
  const { code, stderr } = await runNode(["--eval", program], docker.env);
  expect([code, stderr]).toEqual([1, "gateway gw takes no commands after 0.3 s: Error: dial unix: connection refused\nLook at it with: docker logs gw\n"]);
});

test.concurrent("a fault of the program itself is not hidden: it comes with its stack", async () => {
  const docker = fakeDocker([]);
  const { code, stderr } = await runStep("prune", { owner: OWNER, repository: "berth-dev", keep: [], replicas: [], live: null }, docker, { env: { BERTH_INPUT: "not JSON" } });
  expect(code).toBe(1);
  expect(stderr).toContain("SyntaxError");
});

describe("route", () => {
  const SWITCHED: Answer = { to: "exec gw kamal-proxy deploy app" };

  test.concurrent("switches, opens the door, and says how many replicas serve", async () => {
    const docker = fakeDocker([SWITCHED, { to: "exec gw kamal-proxy resume app" }]);
    expect(await runStep("route", input, docker)).toMatchObject({ code: 0, stdout: "release 3f9a1c2b7d4e is live on 2 replicas\n", stderr: "" });
    expect(proxied(docker.calls())).toEqual(["deploy app", "resume app"]);
  });

  test.concurrent("shuts the door after the switch in maintenance", async () => {
    const docker = fakeDocker([SWITCHED, { to: "exec gw kamal-proxy stop app --message Back at noon" }]);
    expect(await runStep("route", { ...input, targets: ["web-1"], maintenance: "Back at noon" }, docker)).toMatchObject({
      code: 0,
      stdout: "release 3f9a1c2b7d4e is live on 1 replica\n",
    });
  });

  test.concurrent("removes the jobs that have come to their end, and no other container, once it is live", async () => {
    const ended: Answer = { to: ["ps", "--all", "--quiet", ...OWNED, "--filter", "label=berth.part=job", "--filter", "status=exited"].join(" "), stdout: "1111\n2222" };
    const docker = fakeDocker([SWITCHED, { to: "exec gw kamal-proxy resume app" }, ended, { to: "rm" }]);
    expect((await runStep("route", { ...input, jobs: true }, docker)).code).toBe(0);
    expect(docker.calls().slice(-1)).toEqual([["rm", "1111", "2222"]]);
    expect(docker.calls().map(([verb]) => verb)).toEqual(["ps", "exec", "exec", "ps", "rm"]);
  });

  test.concurrent("unpauses what somebody has paused before the switch, so that its requests are answered and not cut off", async () => {
    const paused: Answer = { to: ["ps", "--quiet", ...OWNED, "--filter", "label=berth.part=web", "--filter", "status=paused"].join(" "), stdout: "3333\n4444" };
    const docker = fakeDocker([paused, { to: "unpause" }, SWITCHED, { to: "exec gw kamal-proxy resume app" }]);
    expect((await runStep("route", input, docker)).code).toBe(0);
    expect(docker.calls().slice(0, 2)).toEqual([paused.to.split(" "), ["unpause", "3333", "4444"]]);
  });

  test.concurrent("has nothing to remove where no job has run", async () => {
    const docker = fakeDocker([SWITCHED, { to: "exec gw kamal-proxy resume app" }, { to: "ps" }]);
    expect((await runStep("route", { ...input, jobs: true }, docker)).code).toBe(0);
  });

  test.concurrent("that fails says why and opens nothing", async () => {
    const docker = fakeDocker([{ ...SWITCHED, stderr: "Error: host is in use by another service", exit: 1 }]);
    expect(await runStep("route", input, docker)).toMatchObject({ code: 1, stdout: "", stderr: "the gateway refused deploy: host is in use by another service\n" });
    expect(proxied(docker.calls())).toEqual(["deploy app"]);
  });

  test.concurrent("puts its own certificate into the gateway before the switch, by standard input alone", async () => {
    const docker = fakeDocker([{ to: "cp - gw:/home/kamal-proxy/.config/kamal-proxy" }, SWITCHED, { to: "exec gw kamal-proxy resume app" }]);
    const { code } = await runStep("route", { ...input, hosts: ["example.com"], tls: "own" }, docker, { stdin: JSON.stringify({ certificate: CERTIFICATE, key: KEY }) });
    expect(code).toBe(0);
    expect(docker.calls().map(([verb]) => verb)).toEqual(["cp", "ps", "exec", "exec"]);
    expect(await entriesOf(docker.stdin(0))).toEqual([
      { name: "berth-certificate.pem", mode: 0o444, uid: 0, gid: 0, content: CERTIFICATE },
      { name: "berth-key.pem", mode: 0o444, uid: 0, gid: 0, content: KEY },
    ]);
    expect(docker.calls().flat().join(" ")).not.toContain(KEY.split("\n")[1]);
  });
});

describe("prune", () => {
  const LIST = ["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", ...OWNED, "berth-dev"];
  const listed: Answer = { to: LIST.join(" "), stdout: ["berth-dev:aaa", "berth-dev:bbb", "berth-dev:aaa", "berth-dev:ccc"].join("\n") };
  const prune = (docker: ReturnType<typeof fakeDocker>, keep: readonly string[]) => runStep("prune", { owner: OWNER, repository: "berth-dev", keep, replicas: ["web-1"], live: null }, docker);

  test.concurrent("removes what this stack made and no kept release needs, and nothing else", async () => {
    const docker = fakeDocker([listed, { to: "image rm" }]);
    expect(await prune(docker, ["berth-dev:bbb"])).toMatchObject({ code: 0, stdout: "removed image berth-dev:aaa\nremoved image berth-dev:ccc\n" });
    expect(docker.calls()).toEqual([LIST, ["image", "rm", "berth-dev:aaa"], ["image", "rm", "berth-dev:ccc"]]);
  });

  test.concurrent("leaves an image that is still in use, and goes on", async () => {
    const docker = fakeDocker([listed, { to: "image rm berth-dev:aaa", stderr: "Error: image is being used", exit: 1 }, { to: "image rm" }]);
    expect(await prune(docker, [])).toMatchObject({
      code: 0,
      stdout: "left image berth-dev:aaa: Error: image is being used\nremoved image berth-dev:bbb\nremoved image berth-dev:ccc\n",
    });
  });

  test.concurrent("has nothing to do where the stack has no image", async () => {
    const docker = fakeDocker([{ to: "image ls" }]);
    expect(await prune(docker, [])).toMatchObject({ code: 0, stdout: "" });
    expect(docker.calls()).toHaveLength(1);
  });
});

test.concurrent("the record goes into the gateway's volume, by standard input alone", async () => {
  const docker = fakeDocker([{ to: "cp - gw:/home/kamal-proxy/.config/kamal-proxy" }]);
  expect(await runStep("record", { gateway: "gw" }, docker, { stdin: SENTINEL })).toMatchObject({ code: 0, stdout: "", stderr: "" });
  expect(docker.calls()).toHaveLength(1);
  expect(await entriesOf(docker.stdin(0))).toEqual([{ name: "berth-record.json", mode: 0o400, uid: 0, gid: 0, content: SENTINEL }]);
});

describe("secrets", () => {
  const stdin = JSON.stringify({ pin: { base64: btoa(SENTINEL) }, "db.password": { base64: Buffer.from("ü").toString("base64") } });
  const input = { owner: OWNER, process: "web", uid: 1000 };
  const created: Answer = { to: "create --label", stdout: "helper" };
  const all: Answer[] = [{ to: "volume create" }, created, { to: "cp - helper:/run/secrets" }, { to: "rm --force helper" }];

  test.concurrent("are files in a volume that only the app's user may read, by standard input alone", async () => {
    const docker = fakeDocker(all);
    const { code, stdout, stderr } = await runStep("secrets", input, docker, { stdin });
    const volume = stdout.trim();
    expect([code, stderr]).toEqual([0, ""]);
    expect(volume).toMatch(/^berth-dev-secrets-web-[0-9a-f]{8}$/);
    expect(docker.calls()).toEqual([
      ["volume", "create", "--label", "berth.project=berth", "--label", "berth.stack=dev", "--label", "berth.part=secrets", volume],
      ["create", "--label", "berth.project=berth", "--label", "berth.stack=dev", "--label", "berth.part=secrets", "--network", "none", "--volume", `${volume}:/run/secrets`, "basecamp/kamal-proxy:v0.9.2", "never-started"],
      ["cp", "-", "helper:/run/secrets"],
      ["rm", "--force", "helper"],
    ]);
    expect(await entriesOf(docker.stdin(2))).toEqual([
      { name: "pin", mode: 0o400, uid: 1000, gid: 1000, content: SENTINEL },
      { name: "db.password", mode: 0o400, uid: 1000, gid: 1000, content: "ü" },
    ]);
    for (const trace of [SENTINEL, btoa(SENTINEL)]) expect(docker.calls().flat().join(" ") + stdout).not.toContain(trace);
  });

  test.concurrent("can be read by all in the container where its user is not known", async () => {
    const docker = fakeDocker(all);
    await runStep("secrets", { ...input, uid: null }, docker, { stdin });
    expect((await entriesOf(docker.stdin(2))).map(({ mode, uid }) => [mode, uid])).toEqual([[0o444, 0], [0o444, 0]]);
  });

  test.concurrent("that a program tells are asked for again, so that no input has them", async () => {
    const docker = fakeDocker(all);
    const { code, stdout, stderr } = await runStep("secrets", input, docker, { stdin: JSON.stringify({ pin: { command: ["printf", "told\\n"], timeout: 10 } }) });
    expect([code, stderr]).toEqual([0, ""]);
    expect(await entriesOf(docker.stdin(2))).toMatchObject([{ name: "pin", content: "told" }]);
    expect(stdout).not.toContain("told");
  });

  test.concurrent("that a program does not tell leave nothing behind, and say why", async () => {
    const docker = fakeDocker([]);
    const { code, stderr } = await runStep("secrets", input, docker, { stdin: JSON.stringify({ pin: { command: ["sh", "-c", "echo locked >&2; exit 2"], timeout: 10 } }) });
    expect([code, stderr]).toEqual([1, "berth:secrets.pin: sh -c echo locked >&2; exit 2 ended with exit code 2: locked\n"]);
    expect(docker.calls()).toEqual([]);
  });

  test.concurrent("written again go into the volume that they have", async () => {
    const docker = fakeDocker(all);
    const { stdout } = await runStep("secrets", input, docker, { stdin, env: { PULUMI_COMMAND_STDOUT: "berth-dev-secrets-0badcafe" } });
    expect(stdout).toBe("berth-dev-secrets-0badcafe\n");
    expect(docker.calls()[0]?.at(-1)).toBe("berth-dev-secrets-0badcafe");
  });

  test.concurrent("that cannot be written leave neither container nor volume, nor a word of theirs in the error", async () => {
    const docker = fakeDocker([{ to: "volume create" }, created, { to: "cp", stderr: "Error: no space left", exit: 1 }, { to: "rm --force helper" }, { to: "volume rm" }]);
    const { code, stdout, stderr } = await runStep("secrets", input, docker, { stdin });
    expect([code, stdout, stderr]).toEqual([1, "", "docker cp - failed: Error: no space left\n"]);
    expect(docker.calls().slice(-2).map(([verb]) => verb)).toEqual(["rm", "volume"]);
  });
});
