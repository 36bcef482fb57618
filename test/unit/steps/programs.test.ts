import { pathToFileURL } from "node:url";
import { CERTIFICATE, KEY } from "../../support/certificate.ts";
import { OWNER } from "../../support/configuration.ts";
import { type Answer, type FakeEngine, fakeEngine } from "../../support/fakeEngine.ts";
import { runNode, runStep } from "../../support/step.ts";
import { listed, OWNED, proxied, ROUTE as input } from "../../support/stepInputs.ts";
import { entriesOf } from "../../support/tar.ts";

const SENTINEL = "hunter2-sentinel";
/** All that was sent to the engine, as text. */
const allSent = (engine: FakeEngine) => engine.calls().join("\n") + JSON.stringify(engine.sent("create"));

test.concurrent("a gateway that never takes a command is named, with what it says and where to look", async () => {
  const engine = fakeEngine([{ to: "exec gw kamal-proxy resume app", stderr: "Error: dial unix: connection refused", exit: 1 }]);
  const program = `Promise.all(["engine/gateway.ts", "steps/step.ts"].map((file) => import(new URL(file, "${pathToFileURL("./").href}")))).then(([{ tryGateway }, { runStep }]) => runStep(() => tryGateway("gw", ["resume", "app"], { seconds: 0.3 })))`;
  const { code, stderr } = await runNode(["--eval", program], engine.env);
  expect([code, stderr]).toEqual([
    1,
    "gateway gw takes no commands after 0.3 s: Error: dial unix: connection refused\nLook at it with: docker logs gw\n",
  ]);
});

test.concurrent("a fault of the program itself is not hidden: it comes with its stack", async () => {
  const { code, stderr } = await runStep(
    "prune",
    { owner: OWNER, repository: "berth-dev", keep: [], replicas: [], live: null },
    fakeEngine([]),
    { env: { BERTH_INPUT: "not JSON" } },
  );
  expect(code).toBe(1);
  expect(stderr).toContain("SyntaxError");
});

describe("route", () => {
  const PAUSED = `containers ${OWNED} label=berth.part=web status=paused`;
  const NONE: Answer = { to: PAUSED };
  const SWITCHED: Answer = { to: "exec gw kamal-proxy deploy app" };
  const RESUMED: Answer = { to: "exec gw kamal-proxy resume app" };
  const ENDED = `containers all ${OWNED} label=berth.part=job status=exited`;

  test.concurrent("switches, opens the door, and says how many replicas serve", async () => {
    const engine = fakeEngine([NONE, SWITCHED, RESUMED]);
    expect(await runStep("route", input, engine)).toMatchObject({
      code: 0,
      stdout: "release 3f9a1c2b7d4e is live on 2 replicas\n",
      stderr: "",
    });
    expect(proxied(engine.calls())).toEqual(["deploy app", "resume app"]);
  });

  test.concurrent("shuts the door after the switch in maintenance", async () => {
    const engine = fakeEngine([NONE, SWITCHED, { to: "exec gw kamal-proxy stop app --message Back at noon" }]);
    expect(await runStep("route", { ...input, targets: ["web-1"], maintenance: "Back at noon" }, engine)).toMatchObject({
      code: 0,
      stdout: "release 3f9a1c2b7d4e is live on 1 replica\n",
    });
  });

  test.concurrent("removes the jobs that have come to their end, and no other container, once it is live", async () => {
    const engine = fakeEngine([NONE, SWITCHED, RESUMED, { to: ENDED, ...listed(["1111", "job"], ["2222", "job"]) }, { to: "remove" }]);
    expect((await runStep("route", { ...input, jobs: true }, engine)).code).toBe(0);
    expect(engine.calls().slice(-3)).toEqual([ENDED, "remove 1111", "remove 2222"]);
    expect(engine.calls().map((call) => call.split(" ")[0])).toEqual(["containers", "exec", "exec", "containers", "remove", "remove"]);
  });

  test.concurrent("unpauses what somebody has paused before the switch, so that its requests are answered and not cut off", async () => {
    const engine = fakeEngine([{ to: PAUSED, ...listed(["web-3", "web"], ["web-4", "web"]) }, { to: "unpause" }, SWITCHED, RESUMED]);
    expect((await runStep("route", input, engine)).code).toBe(0);
    expect(engine.calls().slice(0, 3)).toEqual([PAUSED, "unpause web-3", "unpause web-4"]);
  });

  test.concurrent("goes on where somebody was quicker to unpause it, or has removed it", async () => {
    const quicker: Answer[] = [
      { to: "unpause web-3", status: 409, message: "Container web-3 is not paused" },
      { to: "unpause web-4", status: 404, message: "No such container" },
    ];
    const engine = fakeEngine([{ to: PAUSED, ...listed(["web-3", "web"], ["web-4", "web"]) }, ...quicker, SWITCHED, RESUMED]);
    expect((await runStep("route", input, engine)).code).toBe(0);
  });

  test.concurrent.each<[string, Answer[], string]>([
    ["the engine does not tell what is paused", [{ to: PAUSED, status: 500, message: "timed out" }], "a list of containers: timed out"],
    [
      "what is paused stays so",
      [
        { to: PAUSED, ...listed(["web-3", "web"]) },
        { to: "unpause", status: 500, message: "no such cgroup" },
      ],
      "to unpause container web-3: no such cgroup",
    ],
  ])("switches nothing where %s", async (_, answers, words) => {
    const engine = fakeEngine([...answers, SWITCHED, RESUMED]);
    expect(await runStep("route", input, engine)).toMatchObject({
      code: 1,
      stderr: `the Docker engine at ${engine.host} refused ${words}\n`,
    });
    expect(proxied(engine.calls())).toEqual([]);
  });

  test.concurrent("has nothing to remove where no job has run", async () => {
    const engine = fakeEngine([NONE, SWITCHED, RESUMED, { to: ENDED }]);
    expect((await runStep("route", { ...input, jobs: true }, engine)).code).toBe(0);
  });

  test.concurrent("that fails says why and opens nothing", async () => {
    const engine = fakeEngine([NONE, { ...SWITCHED, stderr: "Error: host is in use by another service", exit: 1 }]);
    expect(await runStep("route", input, engine)).toMatchObject({
      code: 1,
      stdout: "",
      stderr: "the gateway refused deploy: host is in use by another service\n",
    });
    expect(proxied(engine.calls())).toEqual(["deploy app"]);
  });

  test.concurrent("puts its own certificate into the gateway before the switch, by standard input alone", async () => {
    const engine = fakeEngine([{ to: "write gw /home/kamal-proxy/.config/kamal-proxy" }, NONE, SWITCHED, RESUMED]);
    const { code } = await runStep("route", { ...input, hosts: ["example.com"], tls: "own" }, engine, {
      stdin: JSON.stringify({ certificate: CERTIFICATE, key: KEY }),
    });
    expect(code).toBe(0);
    expect(engine.calls().map((call) => call.split(" ")[0])).toEqual(["write", "containers", "exec", "exec"]);
    expect(await entriesOf(engine.sent("write")[0] as Buffer)).toEqual([
      { name: "berth-certificate.pem", mode: 0o444, uid: 0, gid: 0, content: CERTIFICATE },
      { name: "berth-key.pem", mode: 0o444, uid: 0, gid: 0, content: KEY },
    ]);
    expect(allSent(engine)).not.toContain(KEY.split("\n")[1]);
  });
});

describe("prune", () => {
  const LIST = `images ${OWNED} reference=berth-dev`;
  const tagged: Answer = {
    to: LIST,
    json: [
      { RepoTags: ["berth-dev:aaa", "somebody/else:1"] },
      { RepoTags: ["berth-dev:bbb", "berth-dev:aaa"] },
      { RepoTags: ["berth-dev:ccc"] },
      { RepoTags: null },
      { RepoTags: ["<none>:<none>"] },
    ],
  };
  const prune = (engine: FakeEngine, keep: readonly string[]) =>
    runStep("prune", { owner: OWNER, repository: "berth-dev", keep, replicas: ["web-1"], live: null }, engine);

  test.concurrent("removes what this stack made and no kept release needs, and nothing else", async () => {
    const engine = fakeEngine([tagged, { to: "remove image" }]);
    expect(await prune(engine, ["berth-dev:bbb"])).toMatchObject({
      code: 0,
      stdout: "removed image berth-dev:aaa\nremoved image berth-dev:ccc\n",
    });
    expect(engine.calls()).toEqual([LIST, "remove image berth-dev:aaa", "remove image berth-dev:ccc"]);
  });

  test.concurrent("leaves an image that is still in use, and goes on", async () => {
    const engine = fakeEngine([
      tagged,
      { to: "remove image berth-dev:aaa", status: 409, message: "image is being used" },
      { to: "remove image" },
    ]);
    expect(await prune(engine, [])).toMatchObject({
      code: 0,
      stdout: "left image berth-dev:aaa: image is being used\nremoved image berth-dev:bbb\nremoved image berth-dev:ccc\n",
    });
  });

  test.concurrent("fails where the engine cannot do it, which is not the same as an image in use", async () => {
    const engine = fakeEngine([tagged, { to: "remove image", status: 500, message: "read-only file system" }]);
    expect(await prune(engine, [])).toMatchObject({
      code: 1,
      stderr: `the Docker engine at ${engine.host} refused to remove image berth-dev:aaa: read-only file system\n`,
    });
  });

  test.concurrent("has nothing to do where the stack has no image", async () => {
    const engine = fakeEngine([{ to: "images" }]);
    expect(await prune(engine, [])).toMatchObject({ code: 0, stdout: "" });
    expect(engine.calls()).toHaveLength(1);
  });

  test.concurrent("removes the copies of data of all releases but the live one, and leaves one in use", async () => {
    const copies = ["a", "b", "c"].map((release) => ({ Name: `copy-${release}`, Labels: { "berth.release": release } }));
    const engine = fakeEngine([
      { to: "images" },
      { to: `volumes ${OWNED} label=berth.part=snapshot`, json: { Volumes: copies } },
      { to: "remove volume copy-c", status: 409, message: "volume is in use" },
      { to: "remove volume" },
    ]);
    const { stdout } = await runStep("prune", { owner: OWNER, repository: "berth-dev", keep: [], replicas: [], live: "b" }, engine);
    expect(stdout).toBe("removed copy copy-a\nleft copy copy-c: volume is in use\n");
  });
});

test.concurrent("the record goes into the gateway's volume, by standard input alone", async () => {
  const engine = fakeEngine([{ to: "write gw /home/kamal-proxy/.config/kamal-proxy" }]);
  expect(await runStep("record", { gateway: "gw" }, engine, { stdin: SENTINEL })).toMatchObject({ code: 0, stdout: "", stderr: "" });
  expect(engine.calls()).toHaveLength(1);
  expect(await entriesOf(engine.sent("write")[0] as Buffer)).toEqual([
    { name: "berth-record.json", mode: 0o400, uid: 0, gid: 0, content: SENTINEL },
  ]);
});

describe("secrets", () => {
  const stdin = JSON.stringify({ pin: { base64: btoa(SENTINEL) }, "db.password": { base64: Buffer.from("ü").toString("base64") } });
  const input = { owner: OWNER, process: "web", uid: 1000 };
  const MARKS = { "berth.project": "berth", "berth.stack": "dev", "berth.part": "secrets" };
  const all: Answer[] = [{ to: "create volume" }, { to: "create -" }, { to: "write made /run/secrets" }, { to: "remove made" }];

  test.concurrent("are files in a volume that only the app's user may read, by standard input alone", async () => {
    const engine = fakeEngine(all);
    const { code, stdout, stderr } = await runStep("secrets", input, engine, { stdin });
    const volume = stdout.trim();
    expect([code, stderr]).toEqual([0, ""]);
    expect(volume).toMatch(/^berth-dev-secrets-web-[0-9a-f]{8}$/);
    expect(engine.calls()).toEqual([`create volume ${volume}`, "create -", "write made /run/secrets", "remove made"]);
    expect(engine.sent("create")).toEqual([
      { Name: volume, Labels: MARKS },
      {
        Image: "basecamp/kamal-proxy:v0.9.2",
        Labels: MARKS,
        Cmd: ["never-started"],
        HostConfig: { NetworkMode: "none", Mounts: [{ Type: "volume", Source: volume, Target: "/run/secrets" }] },
      },
    ]);
    expect(await entriesOf(engine.sent("write")[0] as Buffer)).toEqual([
      { name: "pin", mode: 0o400, uid: 1000, gid: 1000, content: SENTINEL },
      { name: "db.password", mode: 0o400, uid: 1000, gid: 1000, content: "ü" },
    ]);
    for (const trace of [SENTINEL, btoa(SENTINEL)]) expect(allSent(engine) + stdout).not.toContain(trace);
  });

  test.concurrent("can be read by all in the container where its user is not known", async () => {
    const engine = fakeEngine(all);
    await runStep("secrets", { ...input, uid: null }, engine, { stdin });
    expect((await entriesOf(engine.sent("write")[0] as Buffer)).map(({ mode, uid }) => [mode, uid])).toEqual([
      [0o444, 0],
      [0o444, 0],
    ]);
  });

  test.concurrent("that a program tells are asked for again, so that no input has them", async () => {
    const engine = fakeEngine(all);
    const { code, stdout, stderr } = await runStep("secrets", input, engine, {
      stdin: JSON.stringify({ pin: { command: ["printf", "told\\n"], timeout: 10 } }),
      env: { PATH: process.env["PATH"] },
    });
    expect([code, stderr]).toEqual([0, ""]);
    expect(await entriesOf(engine.sent("write")[0] as Buffer)).toMatchObject([{ name: "pin", content: "told" }]);
    expect(stdout).not.toContain("told");
  });

  test.concurrent("that a program does not tell leave nothing behind, and say why", async () => {
    const engine = fakeEngine([]);
    const { code, stderr } = await runStep("secrets", input, engine, {
      stdin: JSON.stringify({ pin: { command: ["sh", "-c", "echo locked >&2; exit 2"], timeout: 10 } }),
      env: { PATH: process.env["PATH"] },
    });
    expect([code, stderr]).toEqual([1, "berth:secrets.pin: sh -c echo locked >&2; exit 2 ended with exit code 2: locked\n"]);
    expect(engine.calls()).toEqual([]);
  });

  const again = { stdin, env: { PULUMI_COMMAND_STDOUT: "berth-dev-secrets-0badcafe" } };
  const FULL: Answer = { to: "write", status: 500, message: "no space left" };

  test.concurrent("written again go into the volume that they have", async () => {
    const engine = fakeEngine(all);
    const { stdout } = await runStep("secrets", input, engine, again);
    expect(stdout).toBe("berth-dev-secrets-0badcafe\n");
    expect(engine.calls()[0]).toBe("create volume berth-dev-secrets-0badcafe");
  });

  test.concurrent("that cannot be written leave neither container nor volume, nor a word of theirs in the error", async () => {
    const engine = fakeEngine([{ to: "create volume" }, { to: "create -" }, FULL, { to: "remove made" }, { to: "remove volume" }]);
    const { code, stdout, stderr } = await runStep("secrets", input, engine, { stdin });
    expect([code, stdout, stderr]).toEqual([
      1,
      "",
      `the Docker engine at ${engine.host} refused to write to /run/secrets in container made: no space left\n`,
    ]);
    expect(engine.calls().slice(-2)).toEqual(["remove made", expect.stringMatching(/^remove volume berth-dev-secrets-web-/)]);
  });

  test.concurrent("that cannot be written again leave the volume, which a release has", async () => {
    const engine = fakeEngine([{ to: "create volume" }, { to: "create -" }, FULL, { to: "remove made" }]);
    expect((await runStep("secrets", input, engine, again)).code).toBe(1);
    expect(engine.calls().at(-1)).toBe("remove made");
  });

  test.concurrent("of which a container is left behind are told of, after what failed", async () => {
    const engine = fakeEngine([
      { to: "create volume" },
      { to: "create -" },
      FULL,
      { to: "remove made", status: 500, message: "driver failed" },
      { to: "remove volume" },
    ]);
    expect((await runStep("secrets", input, engine, { stdin })).stderr).toMatch(
      /^.*: no space left\n {2}A container is left behind, docker rm made: .*: driver failed\n$/,
    );
  });
});

describe("what takes a variable or two", () => {
  const run = (verb: string, engine: FakeEngine, env: NodeJS.ProcessEnv) => runNode([`steps/${verb}.ts`], { ...engine.env, ...env });
  const STACK = { PROJECT: "berth", STACK: "dev" };

  test.concurrent("limits the processes of each container, and nothing else of it", async () => {
    const engine = fakeEngine([{ to: "update" }]);
    expect(await run("limit", engine, { CONTAINERS: "web-1 web-2", PIDS: "64" })).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(engine.calls().sort()).toEqual(["update web-1", "update web-2"]);
    expect(engine.sent("update")).toEqual([{ PidsLimit: 64 }, { PidsLimit: 64 }]);
  });

  test.concurrent("fails where a container cannot be limited", async () => {
    const engine = fakeEngine([{ to: "update web-2", status: 404, message: "No such container: web-2" }, { to: "update" }]);
    expect(await run("limit", engine, { CONTAINERS: "web-1 web-2", PIDS: "64" })).toMatchObject({
      code: 1,
      stderr: `the Docker engine at ${engine.host} refused to update container web-2: No such container: web-2\n`,
    });
  });

  test.concurrent("removes the jobs of one kind", async () => {
    const list = `containers all ${OWNED} label=berth.job=migration`;
    const engine = fakeEngine([{ to: list, ...listed(["1111", "job"]) }, { to: "remove" }]);
    expect(await run("dropJobs", engine, { ...STACK, JOB: "migration" })).toMatchObject({ code: 0, stderr: "" });
    expect(engine.calls()).toEqual([list, "remove 1111"]);
  });

  test.concurrent("removes the jobs of its own app, and none of another one in the stack", async () => {
    const list = `containers all ${OWNED} label=berth.job=migration`;
    const engine = fakeEngine([
      {
        to: list,
        json: [
          { Id: "1111", Names: ["/own"], Labels: {} },
          { Id: "2222", Names: ["/shops"], Labels: { "berth.app": "shop" } },
        ],
      },
      { to: "remove" },
    ]);
    expect(await run("dropJobs", engine, { ...STACK, JOB: "migration" })).toMatchObject({ code: 0, stderr: "" });
    expect(engine.calls()).toEqual([list, "remove 1111"]);
  });

  test.concurrent("removes the volume that the step before has named, also where it is gone already", async () => {
    const engine = fakeEngine([{ to: "remove volume", status: 404, message: "no such volume" }]);
    expect(await run("dropVolume", engine, { PULUMI_COMMAND_STDOUT: "secrets-1" })).toMatchObject({ code: 0, stderr: "" });
    expect(engine.calls()).toEqual(["remove volume secrets-1"]);
  });

  test.concurrent("removes no volume where none was named", async () => {
    const engine = fakeEngine([]);
    expect(await run("dropVolume", engine, {})).toMatchObject({ code: 0, stderr: "" });
    expect(engine.calls()).toEqual([]);
  });

  test.concurrent("does not call a volume removed that something uses", async () => {
    const engine = fakeEngine([{ to: "remove volume", status: 409, message: "volume is in use" }]);
    expect((await run("dropVolume", engine, { PULUMI_COMMAND_STDOUT: "secrets-1" })).code).toBe(1);
  });

  test.concurrent("removes a stack's own names of its images", async () => {
    const list = `images ${OWNED} reference=berth-dev`;
    const engine = fakeEngine([
      { to: list, json: [{ RepoTags: ["berth-dev:aaa", "somebody/else:1"] }, { RepoTags: ["berth-dev:bbb"] }, { RepoTags: null }] },
      { to: "remove image" },
    ]);
    expect(await run("dropImages", engine, { ...STACK, REPOSITORY: "berth-dev" })).toMatchObject({ code: 0, stderr: "" });
    expect(engine.calls()).toEqual([list, "remove image berth-dev:aaa", "remove image berth-dev:bbb"]);
  });

  test.concurrent("makes a key once, and keeps the one that was printed before, or that came by standard input", async () => {
    const [made, kept, given] = await Promise.all([
      run("key", fakeEngine([]), { PULUMI_COMMAND_STDOUT: "" }),
      run("key", fakeEngine([]), { PULUMI_COMMAND_STDOUT: "0123" }),
      runNode(["steps/key.ts"], { ...process.env, PULUMI_COMMAND_STDOUT: "" }, "4567"),
    ]);
    expect(made?.stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect([kept?.stdout, given?.stdout]).toEqual(["0123\n", "4567\n"]);
  });
});
