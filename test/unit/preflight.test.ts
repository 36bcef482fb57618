import type { Release } from "../../release/ledger.ts";
import { createServer } from "node:net";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { checkContext, checkEngine, engineProblem, isEnough } from "../../preflight/preflight.ts";
import { type Config, OWNER, releaseOf, settingsOf } from "../support/configuration.ts";
import { setEnvironment } from "../support/environment.ts";
import { type Answer, fakeDocker } from "../support/fakeDocker.ts";
import { temporaryFolder } from "../support/folders.ts";
import { freePort } from "../support/freePort.ts";

const HOST = "unix:///nonexistent/docker.sock";
const ENGINE: Answer = { to: "version --format {{.Server.APIVersion}}", stdout: "1.41" };
const NO_HOLDER: Answer = { to: "ps --filter publish=" };
const NO_GATEWAY: Answer = { to: "ps --quiet --filter label=berth.project=berth" };
const heldBy = (port: number, ...columns: string[]): Answer => ({ to: `ps --filter publish=${port} --format`, stdout: columns.join("\t") });

/** What the check says of an engine that answers like this, and of a configuration. */
async function check(answers: readonly Answer[], { config = {}, release = {}, built = true, live = false, env = {} }: { config?: Config; release?: Parameters<typeof releaseOf>[0]; built?: boolean; live?: boolean; env?: NodeJS.ProcessEnv } = {}) {
  setEnvironment({ ...fakeDocker([...answers, NO_GATEWAY]).env, ...env });
  const settings = settingsOf({ port: await freePort(), ...config });
  return checkEngine(OWNER, settings, releaseOf(release), built, live ? releaseOf(release) : undefined).then(() => "fine", (error: Error) => error.message);
}

describe("a state that was lost", () => {
  const gateway: Answer = { to: "ps --quiet --filter label=berth.project=berth --filter label=berth.stack=dev --filter label=berth.part=gateway", stdout: "gw" };
  const record: Answer = { to: "cp gw:/home/kamal-proxy/.config/kamal-proxy/berth-record.json -" };
  const answers = [ENGINE, gateway, record, NO_HOLDER];

  test("is known by the record that a live release left in the gateway", async () => {
    expect(await check(answers)).toBe(
      "the engine runs stack dev, and Pulumi knows of no release of it: its state was lost, or another checkout runs it. See docs/guides/lost-state.md, and npm run adopt (nothing was changed)",
    );
  });

  test("is not seen where nothing has gone live, where Pulumi knows of a release, or where a command has looked itself", async () => {
    expect(await check([ENGINE, gateway, { ...record, exit: 1 }, NO_HOLDER])).toBe("fine");
    expect(await check([ENGINE, { ...gateway, stdout: "" }, NO_HOLDER])).toBe("fine");
    expect(await check(answers, { live: true })).toBe("fine");
    expect(await check(answers, { env: { BERTH_COMMAND: "1:/srv" } })).toBe("fine");
  });
});

describe("the engine", () => {
  test.each(["1.41", "1.52", "2.0"])("is fine with API %s", async (stdout) => {
    expect(await check([{ ...ENGINE, stdout }, NO_HOLDER])).toBe("fine");
  });

  test.each(["1.40", "1.9", "0.99"])("is too old with API %s", async (stdout) => {
    expect(await check([{ ...ENGINE, stdout }])).toBe(
      `the Docker engine at ${HOST} speaks API ${stdout}, Berth needs 1.41 (Docker Engine 20.10) or later: upgrade it`,
    );
  });

  test("cannot be asked without a docker command", async () => {
    setEnvironment({ PATH: temporaryFolder(), DOCKER_HOST: HOST });
    await expect(checkEngine(OWNER, settingsOf(), releaseOf(), true)).rejects.toThrow("the docker command is missing: install Docker, or run: npm run setup");
  });

  // What the docker command says, and what a person is told.
  test.each([
    ["Cannot connect to the Docker daemon at unix:///nonexistent/docker.sock. Is the docker daemon running?", `no Docker engine answers at ${HOST}: start it, or run: npm run setup`],
    ["error during connect: EOF\nmore", `no Docker engine answers at ${HOST}: start it, or run: npm run setup (error during connect: EOF)`],
    [
      "Got permission denied while trying to connect to the Docker daemon socket",
      `no permission to use the Docker engine at ${HOST}: run as root, or join its group: sudo usermod -aG docker $USER, then log in again`,
    ],
    [
      "Error response from daemon: client version 1.24 is too old. Minimum supported API version is 1.44",
      `the docker command and the engine at ${HOST} do not fit: Error response from daemon: client version 1.24 is too old. Minimum supported API version is 1.44`,
    ],
    [
      "Error response from daemon: client version 1.52 is too new. Maximum supported API version is 1.40",
      `the docker command and the engine at ${HOST} do not fit: Error response from daemon: client version 1.52 is too new. Maximum supported API version is 1.40`,
    ],
  ])("that answers %j is explained", async (stderr, message) => {
    expect(await check([{ ...ENGINE, stdout: "", stderr, exit: 1 }])).toBe(message);
  });

  test("over SSH is refused for a build, and taken for a release whose image is there", async () => {
    const answers = [ENGINE, NO_HOLDER, { to: "image inspect", stdout: "sha256:1" }];
    const over = async (built: boolean) => {
      setEnvironment({ ...fakeDocker(answers).env, DOCKER_HOST: "ssh://me@host" });
      return checkEngine(OWNER, settingsOf({ port: await freePort() }), releaseOf(), built, releaseOf()).then(() => "fine", (error: Error) => error.message);
    };
    expect(await over(true)).toMatch(/^the Docker engine at ssh:\/\/me@host cannot be built on, .*: forward its socket, with: ssh -nNT -L \S+ me@host, and set DOCKER_HOST=/);
    expect(await over(false)).toBe("fine");
  });

  test("behind SSH that refuses the key is not told to join a group", () => {
    expect(engineProblem({ code: 255, stderr: "me@host: Permission denied (publickey)." }, "ssh://me@host")).toBe(
      "no access to the Docker engine at ssh://me@host: me@host: Permission denied (publickey). Check the key with: ssh me@host docker info",
    );
  });

  test("that is asked is the one that the stack is for", async () => {
    const docker = fakeDocker([ENGINE, NO_HOLDER]);
    setEnvironment(docker.env);
    pulumi.runtime.setAllConfig({ "docker:host": "tcp://192.0.2.7:2376" });
    try {
      await checkEngine(OWNER, settingsOf({ port: await freePort() }), releaseOf(), true, releaseOf());
    } finally {
      pulumi.runtime.setAllConfig({});
    }
    expect(docker.engines()).toEqual(["tcp://192.0.2.7:2376"]);
  });

  test("is asked once where all is well", async () => {
    const docker = fakeDocker([ENGINE, NO_HOLDER]);
    setEnvironment(docker.env);
    await checkEngine(OWNER, settingsOf({ port: await freePort() }), releaseOf(), true, releaseOf());
    expect(docker.calls().map(([verb]) => verb)).toEqual(["version", "ps"]);
  });
});

test.each([["1.41", true], ["1.42", true], ["1.100", true], ["2.1", true], ["1.40", false], ["1.9", false], ["", false]])("API %j is enough: %p", (api, enough) => {
  expect(isEnough(api)).toBe(enough);
});

describe("a new release", () => {
  const record = (good: boolean) => JSON.stringify({ doing: "drill", volume: "data", time: new Date().toISOString(), good, backup: "aa", made: "", why: good ? "" : "damaged" });
  const config = { backups: { target: "/b", password: "longenough", maxDrillAge: "1h" }, volumes: [{ name: "data", target: "/data", backup: {} }] };
  const live = releaseOf();
  const next = releaseOf({ name: "ffffffffffff" });
  const REFUSED = /^berth:backups\.maxDrillAge asks for a good drill of volume data within 60 min, but the last one failed: damaged\. Make one: npm run drill -- data \(nothing was changed\)$/;

  test.each<[string, Release, boolean, Release | undefined, boolean, string | RegExp]>([
    ["waits for a good drill where that is asked for", next, true, live, false, REFUSED],
    ["goes live after one", next, true, live, true, "fine"],
    ["does not wait where it is the stack's first", next, true, undefined, false, "fine"],
    ["is none where it is live already", live, true, live, false, "fine"],
    ["is none where it is brought back", next, false, live, false, "fine"],
  ])("%s", async (_, release, built, before, good, said) => {
    setEnvironment(fakeDocker([ENGINE, NO_HOLDER, NO_GATEWAY, { to: "image inspect", stdout: "sha256:1" }, { to: "volume ls", stdout: record(good) }]).env);
    const outcome = await checkEngine(OWNER, settingsOf({ ...config, port: await freePort() }), release, built, before).then(() => "fine", (error: Error) => error.message);
    expect(outcome).toMatch(said);
  });
});

describe("a port", () => {
  const config = { port: 8080 };
  const FIX = "stop it, or take another with: pulumi config set berth:port <port>";

  test("that the stack's own gateway holds is fine", async () => {
    expect(await check([ENGINE, heldBy(8080, "dev-gateway-1", "berth", "dev")], { config })).toBe("fine");
  });

  test.each([["another stack", "berth", "prod"], ["another project", "shop", "dev"]])("that the gateway of %s holds is taken", async (_, project, stack) => {
    expect(await check([ENGINE, heldBy(8080, "gateway-1", project, stack)], { config })).toBe(
      `berth:port is 8080, but container gateway-1 of stack ${project}/${stack} holds that port: ${FIX} (nothing was changed)`,
    );
  });

  test("that a container not made by Berth holds is taken", async () => {
    expect(await check([ENGINE, heldBy(8080, "nginx", "", "")], { config })).toBe(`berth:port is 8080, but container nginx holds that port: ${FIX} (nothing was changed)`);
  });

  test("that another program holds is taken", async () => {
    const { port, stop } = await listen();
    try {
      expect(await check([ENGINE, NO_HOLDER], { config: { port } })).toBe(`berth:port is ${port}, but another program holds that port: ${FIX} (nothing was changed)`);
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
      setEnvironment({ ...fakeDocker([ENGINE, NO_HOLDER, { to: "image ls" }]).env, DOCKER_HOST: "tcp://10.0.0.9:2376" });
      await expect(checkEngine(OWNER, settingsOf({ port }), releaseOf({ settings: withBind("/nowhere") }), true, releaseOf())).resolves.toEqual({});
    } finally {
      stop();
    }
  });

  async function listen() {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { port: (server.address() as { port: number }).port, stop: () => server.close() };
  }
});

const withBind = (source: string) => ({ ...releaseOf().settings, binds: [{ source, target: "/files", readOnly: true }] });

describe("an earlier release", () => {
  const GONE = "release 3f9a1c2b7d4e cannot be brought back: its image is no longer on the engine. Choose another with npm run releases, or build again: pulumi config rm berth:release";
  const image: Answer = { to: "image inspect --format {{.Id}} sha256:1111", stdout: "sha256:1111" };

  test("is fine while its image is on the engine", async () => {
    expect(await check([ENGINE, NO_HOLDER, image], { built: false })).toBe("fine");
  });

  test("whose image is gone is refused", async () => {
    expect(await check([ENGINE, NO_HOLDER, { ...image, stdout: "", stderr: "Error: No such image", exit: 1 }], { built: false })).toBe(`${GONE} (nothing was changed)`);
  });

  test("with several obstacles is told all of them", async () => {
    const binds: Answer[] = [{ to: "image ls", stdout: "sha256:2222\nsha256:1111" }, { to: "create", stderr: "invalid mount config: bind source path does not exist", exit: 1 }];
    const answers = [ENGINE, heldBy(8080, "nginx", "", ""), { ...image, exit: 1 }, ...binds];
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
  const named = (stdout: string): Answer => ({ to: "ps --all --filter name=^/berth-dev-database$ --format", stdout });

  test.each(["", "berth/dev"])("is free, or this stack's own: %j", async (stdout) => {
    expect(await check([ENGINE, NO_HOLDER, named(stdout)], { config })).toBe("fine");
  });

  test.each(["/", "berth/prod"])("must not be another's: %j", async (stdout) => {
    expect(await check([ENGINE, NO_HOLDER, named(stdout)], { config })).toBe(
      "a container that is not this stack's is called berth-dev-database, as the accessory database would be: rename it, or give the accessory another name with: pulumi config set --path 'berth:accessories[0].name' <name> (nothing was changed)",
    );
  });
});
