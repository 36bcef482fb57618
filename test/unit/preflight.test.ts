import type { Release } from "../../release/ledger.ts";
import { createHash } from "node:crypto";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { checkEngine, isEnough } from "../../preflight/preflight.ts";
import { checkContext } from "../../source/chosen.ts";
import { type Config, OWNER, releaseOf, settingsOf } from "../support/configuration.ts";
import { setEnvironment } from "../support/environment.ts";
import { type Answer, fakeEngine } from "../support/fakeEngine.ts";
import { temporaryFolder } from "../support/folders.ts";
import { freePort } from "../support/freePort.ts";

const version = (ApiVersion: string): Answer => ({ to: "version", json: { Version: "20.10.24", ApiVersion, Arch: "amd64" } });
const ENGINE = version("1.41");
const HOST: Answer = { to: "info", json: { NCPU: 4 } };
const ROOM: Answer = { to: "networks", json: [{ Id: "own" }] };
const NO_HOLDER: Answer = { to: "containers publish=" };
const NO_GATEWAY: Answer = { to: "containers label=berth.project=berth label=berth.stack=dev label=berth.part=gateway" };
const marked = (project: string, stack: string) => (project === "" ? {} : { "berth.project": project, "berth.stack": stack });
const heldBy = (port: number, name: string, project: string, stack: string): Answer => ({
  to: `containers publish=${port}`,
  json: [{ Id: "1", Names: [`/${name}`], Labels: marked(project, stack) }],
});

/** What the check says of an engine that answers like this, and of a configuration. */
async function check(
  answers: readonly Answer[],
  {
    config = {},
    release = {},
    built = true,
    live = false,
    env = {},
  }: { config?: Config; release?: Parameters<typeof releaseOf>[0]; built?: boolean; live?: boolean; env?: NodeJS.ProcessEnv } = {},
) {
  setEnvironment({ ...fakeEngine([...answers, NO_GATEWAY, HOST, ROOM]).env, ...env });
  const settings = settingsOf({ port: await freePort(), ...config });
  return checkEngine(OWNER, settings, releaseOf(release), built, live ? releaseOf(release) : undefined).then(
    () => "fine",
    (error: Error) => error.message,
  );
}

describe("a state that was lost", () => {
  const gateway: Answer = { ...NO_GATEWAY, json: [{ Id: "gw", Names: ["/gw"], Labels: {} }] };
  const record: Answer = {
    to: "stat gw /home/kamal-proxy/.config/kamal-proxy/berth-record.json",
    json: { name: "berth-record.json", size: 1, mode: 0o400, linkTarget: "" },
  };
  const answers = [ENGINE, gateway, record, NO_HOLDER];

  test("is known by the record that a live release left in the gateway", async () => {
    expect(await check(answers)).toBe(
      "the engine runs stack dev, and Pulumi knows of no release of it: its state was lost, or another checkout runs it. See docs/guides/lost-state.md, and npm run adopt (nothing was changed)",
    );
  });

  test("is not seen where nothing has gone live, where Pulumi knows of a release, or where a command has looked itself", async () => {
    expect(await check([ENGINE, gateway, { ...record, status: 404 }, { to: "inspect gw" }, NO_HOLDER])).toBe("fine");
    expect(await check([ENGINE, NO_GATEWAY, NO_HOLDER])).toBe("fine");
    expect(await check(answers, { live: true })).toBe("fine");
    expect(await check(answers, { env: { BERTH_COMMAND: "1:/srv" } })).toBe("fine");
  });

  test("is not taken for found where the engine cannot tell", async () => {
    expect(await check([ENGINE, gateway, { ...record, status: 500 }, NO_HOLDER])).toMatch(
      /refused .*berth-record\.json in container gw: .*\(nothing was changed\)$/,
    );
  });
});

describe("the engine", () => {
  test.each(["1.41", "1.52", "2.0"])("is fine with API %s", async (api) => {
    expect(await check([version(api), NO_HOLDER])).toBe("fine");
  });

  test.each(["1.40", "1.9", "0.99"])("is too old with API %s", async (api) => {
    expect(await check([version(api)])).toMatch(
      new RegExp(
        `^the Docker engine at unix:///\\S+ speaks API ${api.replace(".", "\\.")}, Berth needs 1\\.41 \\(Docker Engine 20\\.10\\) or later: upgrade it`,
      ),
    );
  });

  test("that is not there is told of with its address and who named it", async () => {
    setEnvironment({ DOCKER_HOST: "unix:///nonexistent/docker.sock" });
    await expect(checkEngine(OWNER, settingsOf(), releaseOf(), true)).rejects.toThrow(
      "no Docker engine answers at unix:///nonexistent/docker.sock (DOCKER_HOST; ENOENT): start it, or run: npm run setup (nothing was changed)",
    );
  });

  test("that has no way to be asked is refused", async () => {
    setEnvironment({ DOCKER_HOST: "fd://" });
    await expect(checkEngine(OWNER, settingsOf(), releaseOf(), true)).rejects.toThrow(
      "cannot be asked: want unix:///path, tcp://host:port or ssh://user@host",
    );
  });

  test("over SSH is refused for a build", async () => {
    setEnvironment({ DOCKER_HOST: "ssh://me@host" });
    await expect(checkEngine(OWNER, settingsOf(), releaseOf(), true)).rejects.toThrow(
      /^the Docker engine at ssh:\/\/me@host cannot be built on, .*: forward its socket, with: ssh -nNT -L \S+ me@host, and set DOCKER_HOST=/,
    );
  });

  test("that is asked is the one that the stack is for, whatever the environment names", async () => {
    const theirs = fakeEngine([ENGINE, NO_HOLDER, NO_GATEWAY, HOST]);
    const others = fakeEngine([]);
    setEnvironment(others.env);
    pulumi.runtime.setAllConfig({ "docker:host": theirs.host });
    try {
      await checkEngine(OWNER, settingsOf({ port: await freePort() }), releaseOf(), true, releaseOf());
    } finally {
      pulumi.runtime.setAllConfig({});
    }
    expect([others.calls().length, theirs.calls().length > 0]).toEqual([0, true]);
  });

  test("of a Docker context is refused, because the provider would work on another one", async () => {
    const name = "work";
    const meta = createHash("sha256").update(name).digest("hex");
    const folder = temporaryFolder({
      "config.json": JSON.stringify({ currentContext: name }),
      [`contexts/meta/${meta}/meta.json`]: JSON.stringify({ Name: name, Endpoints: { docker: { Host: "unix:///work.sock" } } }),
    });
    delete process.env["DOCKER_HOST"];
    setEnvironment({ DOCKER_CONFIG: folder });
    await expect(checkEngine(OWNER, settingsOf(), releaseOf(), true)).rejects.toThrow(
      "Docker context work is selected, which Pulumi's provider does not know, and it would work on another engine: export DOCKER_HOST=unix:///work.sock",
    );
  });

  test("is asked as little as can be where all is well", async () => {
    const engine = fakeEngine([ENGINE, NO_HOLDER, HOST]);
    setEnvironment(engine.env);
    await checkEngine(OWNER, settingsOf({ port: await freePort() }), releaseOf(), true, releaseOf());
    expect(engine.calls().map((words) => words.split(" ")[0])).toEqual(["version", "info", "containers"]);
  });
});

test.each([
  ["1.41", true],
  ["1.42", true],
  ["1.100", true],
  ["2.1", true],
  ["1.40", false],
  ["1.9", false],
  ["", false],
])("API %j is enough: %p", (api, enough) => {
  expect(isEnough(api)).toBe(enough);
});

describe("a new release", () => {
  const record = (good: boolean) =>
    JSON.stringify({
      doing: "drill",
      volume: "data",
      time: new Date().toISOString(),
      good,
      backup: "aa",
      made: "",
      why: good ? "" : "damaged",
    });
  const config = {
    backups: { target: "/b", password: "longenough", maxDrillAge: "1h" },
    volumes: [{ name: "data", target: "/data", backup: {} }],
  };
  const live = releaseOf();
  const next = releaseOf({ name: "ffffffffffff" });
  const REFUSED =
    /^berth:backups\.maxDrillAge asks for a good drill of volume data within 60 min, but the last one failed: damaged\. Make one: npm run drill -- data \(nothing was changed\)$/;

  test.each<[string, Release, boolean, Release | undefined, boolean, string | RegExp]>([
    ["waits for a good drill where that is asked for", next, true, live, false, REFUSED],
    ["goes live after one", next, true, live, true, "fine"],
    ["does not wait where it is the stack's first", next, true, undefined, false, "fine"],
    ["is none where it is live already", live, true, live, false, "fine"],
    ["is none where it is brought back", next, false, live, false, "fine"],
  ])("%s", async (_, release, built, before, good, said) => {
    setEnvironment(
      fakeEngine([
        ENGINE,
        NO_HOLDER,
        NO_GATEWAY,
        HOST,
        ROOM,
        { to: "image sha256", json: { Id: "sha256:1" } },
        { to: "volumes", json: { Volumes: [{ Name: "r", Labels: { "berth.record": record(good) } }] } },
      ]).env,
    );
    const outcome = await checkEngine(OWNER, settingsOf({ ...config, port: await freePort() }), release, built, before).then(
      () => "fine",
      (error: Error) => error.message,
    );
    expect(outcome).toMatch(said);
  });
});

test("more processors than the engine's host has are refused with the number that fits", async () => {
  expect(
    await check([ENGINE, NO_HOLDER, { to: "info", json: { NCPU: 1 } }], {
      release: { settings: { ...releaseOf().settings, resources: { cpus: 2, memory: 1, pids: 1 } } },
    }),
  ).toBe("berth:resources.cpus is 2, and the engine's host has 1: pulumi config set --path berth:resources.cpus 1 (nothing was changed)");
});

test("an accessory that wants more processors than the host has is refused, too, and the host's are told", async () => {
  const accessories = (cpus: number) => ({ accessories: [{ kind: "postgres", name: "db", resources: { cpus, memory: "64M" } }] });
  const name = { to: "inspect berth-dev-db", status: 404 };
  expect(await check([ENGINE, NO_HOLDER, name, HOST], { config: accessories(5) })).toBe(
    "berth:accessories[0].resources.cpus is 5, and the engine's host has 4: pulumi config set --path 'berth:accessories[0].resources.cpus' 4 (nothing was changed)",
  );
  expect(await check([ENGINE, NO_HOLDER, name, HOST], { config: accessories(4) })).toBe("fine");
});

describe("a port", () => {
  const config = { port: 8080 };
  const FIX = "stop it, or take another with: pulumi config set berth:port <port>";

  test("that the stack's own gateway holds is fine", async () => {
    expect(await check([ENGINE, heldBy(8080, "dev-gateway-1", "berth", "dev")], { config })).toBe("fine");
  });

  test.each([
    ["another stack", "berth", "prod"],
    ["another project", "shop", "dev"],
  ])("that the gateway of %s holds is taken", async (_, project, stack) => {
    expect(await check([ENGINE, heldBy(8080, "gateway-1", project, stack)], { config })).toBe(
      `berth:port is 8080, but container gateway-1 of stack ${project}/${stack} holds that port: ${FIX} (nothing was changed)`,
    );
  });

  test("that a container not made by Berth holds is taken", async () => {
    expect(await check([ENGINE, heldBy(8080, "nginx", "", "")], { config })).toBe(
      `berth:port is 8080, but container nginx holds that port: ${FIX} (nothing was changed)`,
    );
  });

  test("that another program holds is taken", async () => {
    const { port, stop } = await listen();
    try {
      expect(await check([ENGINE, NO_HOLDER], { config: { port } })).toBe(
        `berth:port is ${port}, but another program holds that port: ${FIX} (nothing was changed)`,
      );
    } finally {
      stop();
    }
  });

  test("for HTTPS is checked with tls, and only then", async () => {
    const answers = [ENGINE, heldBy(8443, "nginx", "", ""), NO_HOLDER];
    expect(await check(answers, { config: { httpsPort: 8443, hosts: ["example.com"], tls: { acme: true } } })).toBe(
      "berth:httpsPort is 8443, but container nginx holds that port: stop it, or take another with: pulumi config set berth:httpsPort <port> (nothing was changed)",
    );
    expect(await check(answers, { config: { httpsPort: 8443 } })).toBe("fine");
  });

  test("on an address that this machine does not have is refused, once", async () => {
    expect(await check([ENGINE, NO_HOLDER], { config: { bindAddress: "192.0.2.1", hosts: ["example.com"], tls: { acme: true } } })).toBe(
      "berth:bindAddress is 192.0.2.1, which is no address of this machine: take one of its own, or 0.0.0.0 for all, with: pulumi config set berth:bindAddress <address> (nothing was changed)",
    );
  });

  test("of an engine elsewhere is not looked for on this machine", async () => {
    const { port, stop } = await listen();
    try {
      const elsewhere = await overTcp(fakeEngine([ENGINE, NO_HOLDER, HOST, { to: "images" }]).host);
      setEnvironment({ DOCKER_HOST: elsewhere });
      await expect(
        checkEngine(OWNER, settingsOf({ port }), releaseOf({ settings: withBind("/nowhere") }), true, releaseOf()),
      ).resolves.toEqual({ files: {}, processors: 4, images: new Map() });
    } finally {
      stop();
    }
  });

  /** The same engine by the network. */
  async function overTcp(host: string): Promise<string> {
    const forward = createServer((client) => client.pipe(connect(host.slice("unix://".length))).pipe(client));
    await new Promise<void>((resolve) => forward.listen(0, "127.0.0.1", resolve));
    forward.unref();
    return `tcp://127.0.0.1:${(forward.address() as { port: number }).port}`;
  }

  async function listen() {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { port: (server.address() as { port: number }).port, stop: () => server.close() };
  }
});

const withBind = (source: string) => ({ ...releaseOf().settings, binds: [{ source, target: "/files", readOnly: true }] });

describe("an earlier release", () => {
  const GONE =
    "release 3f9a1c2b7d4e cannot be brought back: its image is no longer on the engine. Choose another with npm run releases, or build again: pulumi config rm berth:release";
  const image: Answer = { to: "image sha256:1111", json: { Id: "sha256:1111" } };
  const gone: Answer[] = [
    { to: "image sha256:1111", status: 404, message: "No such image" },
    { to: "image berth-dev:", status: 404, message: "No such image" },
  ];

  test("is fine while its image is on the engine", async () => {
    expect(await check([ENGINE, NO_HOLDER, image], { built: false })).toBe("fine");
  });

  test("whose image is gone is refused", async () => {
    expect(await check([ENGINE, NO_HOLDER, ...gone], { built: false })).toBe(`${GONE} (nothing was changed)`);
  });

  test("whose image has lost its name to another build of the same runs on that one, and so does a canary", async () => {
    const other: Answer = { to: "image berth-dev:3f9a1c2b7d4e", json: { Id: "sha256:2222" } };
    const [lost] = gone;
    setEnvironment(
      fakeEngine([
        ENGINE,
        NO_HOLDER,
        NO_GATEWAY,
        HOST,
        ROOM,
        ...(lost ? [lost] : []),
        other,
        { to: "image sha256:3", json: { Id: "sha256:3" } },
      ]).env,
    );
    const tried = { release: releaseOf({ name: "bbbbbbbbbbbb", image: "sha256:3" }), build: undefined };
    const { images } = await checkEngine(OWNER, settingsOf({ port: await freePort() }), releaseOf(), false, undefined, tried);
    expect([...images]).toEqual([
      ["sha256:1111", "sha256:2222"],
      ["sha256:3", "sha256:3"],
    ]);
  });

  test("with several obstacles is told all of them", async () => {
    const binds: Answer[] = [
      { to: "images", json: [{ Id: "sha256:2222" }] },
      { to: "containers all label" },
      { to: "create", status: 400, message: "invalid mount config: bind source path does not exist" },
    ];
    const answers = [ENGINE, heldBy(8080, "nginx", "", ""), ...gone, ...binds];
    const missing = join(temporaryFolder(), "files");
    expect(await check(answers, { config: { port: 8080 }, release: { settings: withBind(missing) }, built: false })).toBe(
      [
        "3 problems on this machine; nothing was changed:",
        "  berth:port is 8080, but container nginx holds that port: stop it, or take another with: pulumi config set berth:port <port>",
        `  ${GONE}`,
        `  berth:binds[0].source is ${missing}, which does not exist on the engine's host: make it, or remove the entry`,
      ].join("\n"),
    );
  });
});

describe("a context", () => {
  test("with its Dockerfile is fine", () => {
    expect(() => checkContext(temporaryFolder({ "docker/Dockerfile": "" }), "docker/Dockerfile")).not.toThrow();
  });

  test("that does not exist is refused", () => {
    const folder = join(temporaryFolder(), "app");
    expect(() => checkContext(folder, "Dockerfile")).toThrow(
      `berth:build.context ${folder} does not exist: make the folder, or set it with: pulumi config set --path berth:build.context <folder>`,
    );
  });

  test("without the Dockerfile is refused", () => {
    const folder = temporaryFolder({ "Dockerfile.dev": "" });
    expect(() => checkContext(folder, "Dockerfile")).toThrow(
      `there is no ${folder}/Dockerfile: write one, or name yours with: pulumi config set --path berth:build.dockerfile <file>`,
    );
  });
});

describe("the name of an accessory's container", () => {
  const config = { accessories: [{ name: "database", kind: "postgres" }] };
  const named = (labels: Readonly<Record<string, string>> | undefined): Answer => ({
    to: "inspect berth-dev-database",
    ...(labels ? { json: { Config: { Labels: labels } } } : { status: 404 }),
  });

  test.each([undefined, marked("berth", "dev")])("is free, or this stack's own: %j", async (labels) => {
    expect(await check([ENGINE, NO_HOLDER, named(labels)], { config })).toBe("fine");
  });

  test.each([{}, marked("berth", "prod")])("must not be another's: %j", async (labels) => {
    expect(await check([ENGINE, NO_HOLDER, named(labels)], { config })).toBe(
      "a container that is not this stack's is called berth-dev-database, as the accessory database would be: rename it, or give the accessory another name with: pulumi config set --path 'berth:accessories[0].name' <name> (nothing was changed)",
    );
  });
});
