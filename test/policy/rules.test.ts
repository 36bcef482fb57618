import type { Declared, Program } from "../support/program.ts";
import { temporaryFolder } from "../support/folders.ts";
import { wholeProgram } from "../support/wholeProgram.ts";
import { containerRules } from "./containerRules.ts";
import { violations } from "./rule.ts";
import { clashes, noPlainSecret, stackRules } from "./stackRules.ts";

jest.mock("../../preflight/hold.ts", () => ({ holdStack: () => Promise.resolve() }));
jest.mock("../../preflight/preflight.ts", () => ({ checkEngine: () => Promise.resolve({ files: {}, processors: 4, images: new Map() }) }));

const RULES = [...containerRules, ...stackRules];
const REPLICA = "berth-dev-web-1";
const PROXY = "berth-dev-gateway-proxy";
const DATA = "berth-dev-data-volume";
const BUILT = "berth-dev-image-build";
const GATE = "berth-dev-gate-probe";

let good: Program;
beforeAll(async () => {
  process.chdir(temporaryFolder({ "app/Dockerfile": "FROM scratch" }));
  good = await wholeProgram();
});
const home = process.cwd();
afterAll(() => process.chdir(home));

/** A change of one resource that breaks a rule. */
type Break = {
  readonly who: string;
  readonly inputs?: Record<string, unknown>;
  readonly options?: Partial<Declared["options"]>;
  readonly dependsOn?: string[];
  readonly parent?: string;
};

const broken = ({ who, inputs = {}, options = {}, ...rest }: Break): Declared[] =>
  good.resources.map((resource) =>
    resource.name === who
      ? { ...resource, inputs: { ...resource.inputs, ...inputs }, options: { ...resource.options, ...options }, ...rest }
      : resource,
  );

const mount = (source: string) => ({ mounts: [{ type: "bind", source, target: "/x", readOnly: true }] });

/** Ways to break each rule, by its name. */
const BREAKS: Record<string, readonly Break[]> = {
  "every capability is dropped and none added": [
    { who: REPLICA, inputs: { capabilities: undefined } },
    { who: REPLICA, inputs: { capabilities: { drops: ["NET_RAW"] } } },
    { who: PROXY, inputs: { capabilities: { drops: ["ALL"], adds: ["CAP_NET_BIND_SERVICE"] } } },
  ],
  "no process gains privileges": [
    { who: PROXY, inputs: { securityOpts: [] } },
    { who: PROXY, inputs: { securityOpts: ["no-new-privileges:true", "seccomp=unconfined"] } },
  ],
  "it is not privileged": [{ who: REPLICA, inputs: { privileged: true } }],
  "the root file system is read-only": [{ who: REPLICA, inputs: { readOnly: undefined } }],
  "/tmp is in memory, limited, and runs no program": [
    { who: REPLICA, inputs: { tmpfs: undefined } },
    { who: REPLICA, inputs: { tmpfs: { "/tmp": "rw,nosuid,nodev,size=64m" } } },
    { who: REPLICA, inputs: { tmpfs: { "/tmp": "noexec,nosuid,nodev" } } },
  ],
  "memory is limited, without swap": [
    { who: REPLICA, inputs: { memory: undefined } },
    { who: REPLICA, inputs: { memorySwap: undefined } },
    { who: REPLICA, inputs: { memorySwap: -1 } },
  ],
  "processors are limited and weighed": [
    { who: REPLICA, inputs: { cpus: undefined } },
    { who: REPLICA, inputs: { cpuShares: 1024 } },
  ],
  "it comes back by itself": [
    { who: PROXY, inputs: { restart: "no" } },
    { who: PROXY, inputs: { restart: "on-failure" } },
  ],
  "its log is rotated": [
    { who: REPLICA, inputs: { logOpts: { "max-size": "10m" } } },
    { who: REPLICA, inputs: { logDriver: "none" } },
  ],
  "an init reaps its processes and passes signals on": [{ who: REPLICA, inputs: { init: false } }],
  "it runs as a user other than root, by number": [
    { who: REPLICA, inputs: { user: undefined } },
    { who: REPLICA, inputs: { user: "0:1000" } },
    { who: REPLICA, inputs: { user: "node" } },
  ],
  "it shares no namespace with its host": [
    { who: REPLICA, inputs: { ipcMode: "host" } },
    { who: REPLICA, inputs: { networkMode: "host" } },
    { who: REPLICA, inputs: { pidMode: "host" } },
    { who: PROXY, inputs: { usernsMode: "host" } },
  ],
  "it sees no device of its host": [
    { who: REPLICA, inputs: { devices: [{ hostPath: "/dev/kvm" }] } },
    { who: REPLICA, inputs: { gpus: "all" } },
  ],
  "it sees neither the engine's socket nor a folder that gives power over its host": [
    ...[
      "/",
      "/etc",
      "/etc/ssl",
      "/var/run/docker.sock",
      "/run/user/1000/docker.sock",
      "/var/run",
      "/var/lib/docker/volumes",
      "/proc",
      "/usr/local",
    ].map((source) => ({ who: REPLICA, inputs: mount(source) })),
    { who: PROXY, inputs: { volumes: [{ hostPath: "/srv", containerPath: "/srv" }] } },
  ],
  "it is on exactly one network, and that is its stack's own": [
    { who: REPLICA, inputs: { networksAdvanced: undefined } },
    { who: REPLICA, inputs: { networksAdvanced: [{ name: "a" }, { name: "b" }] } },
    { who: REPLICA, dependsOn: [] },
  ],
  "it has time to end well": [
    { who: REPLICA, inputs: { destroyGraceSeconds: undefined } },
    { who: REPLICA, inputs: { destroyGraceSeconds: 0 } },
    { who: REPLICA, inputs: { destroyGraceSeconds: 1.5 } },
  ],
  "the order of its replacement is said": [{ who: REPLICA, options: { deleteBeforeReplace: undefined } }],
  "what the provider cannot change in place replaces it": [
    { who: PROXY, options: { replaceOnChanges: [] } },
    { who: REPLICA, options: { replaceOnChanges: ["healthcheck", "init", "tmpfs", "cpuQuota", "cpuPeriod"] } },
  ],
  "it runs an image by its id": [
    { who: REPLICA, inputs: { image: "berth-dev:3f9a1c2b7d4e" } },
    { who: PROXY, inputs: { image: undefined } },
  ],
  "it uses nothing that old engines refuse or the provider misreads": [
    { who: PROXY, inputs: { healthcheck: { tests: ["CMD", "true"], interval: "60s" } } },
    { who: PROXY, inputs: { healthcheck: { tests: ["CMD", "true"], startInterval: "1s" } } },
    { who: REPLICA, inputs: { mounts: [{ type: "volume", source: "a", target: "/a", volumeOptions: {} }] } },
    { who: REPLICA, inputs: { uploads: [{ file: "/a", content: "" }] } },
  ],
  "only the gateway publishes ports": [
    { who: REPLICA, inputs: { ports: [{ internal: 8080, external: 9000, ip: "127.0.0.1" }] } },
    { who: PROXY, inputs: { ports: [{ internal: 8080, external: 8080 }] } },
    { who: PROXY, inputs: { publishAllPorts: true } },
  ],
  "the number of its processes is limited": [
    { who: "berth-dev-web-pids", inputs: { create: "docker update --memory 1g x" } },
    { who: "berth-dev-gateway-pids", dependsOn: [] },
  ],
  "data outlives the program": [
    { who: DATA, options: { protect: false } },
    { who: DATA, options: { retainOnDelete: false } },
    {
      who: DATA,
      inputs: {
        labels: [
          { label: "berth.part", value: "data" },
          { label: "berth.release", value: "x" },
        ],
      },
    },
  ],
  "an image is named by its version or content": [
    { who: BUILT, inputs: { name: "berth-dev:latest" } },
    { who: BUILT, inputs: { name: "berth-dev" } },
    { who: "berth-dev-gateway-image", inputs: { name: "basecamp/kamal-proxy:v0" } },
  ],
  "an image stays on the engine when its resource goes": [{ who: BUILT, inputs: { keepLocally: undefined } }],
  "its name is the engine's to choose": [
    { who: REPLICA, inputs: { name: "web-1" } },
    { who: DATA, inputs: { name: "data" } },
    { who: "berth-dev-gateway-network", inputs: { name: "net" } },
  ],
  "a command is a step or does nothing": [
    { who: GATE, inputs: { create: "curl http://web-1:8080/up" } },
    { who: GATE, inputs: { create: "node steps/gate.ts; rm x" } },
    { who: GATE, inputs: { delete: "docker rm web-1" } },
  ],
  "a command knows its engine": [{ who: GATE, inputs: { environment: {} } }],
  "everything has its owner's label": [
    { who: REPLICA, inputs: { labels: [] } },
    { who: DATA, inputs: { labels: undefined } },
  ],
  "nothing is its own parent but the app": [{ who: REPLICA, parent: "" }],
};

test("every rule has a way to be broken", () => {
  expect(Object.keys(BREAKS)).toEqual(RULES.map(({ name }) => name));
});

describe.each(RULES)("$name", (rule) => {
  test("holds where it is kept", () => {
    expect(violations(rule, good.resources)).toEqual([]);
  });

  test.each(BREAKS[rule.name] ?? [])("is broken by %j, and says so with what to do", (change) => {
    const messages = violations(rule, broken(change));
    expect(messages.length).toBeGreaterThan(0);
    for (const message of messages) expect(message).toMatch(/^berth-dev-.*: .*\. Fix: /);
  });
});

describe("no secret stands in a plain input", () => {
  const rule = noPlainSecret(["hunter2"]);

  test("where it is kept", async () => {
    expect(violations(rule, (await wholeProgram({ secrets: { pin: "hunter2" } })).resources)).toEqual([]);
  });

  test.each([{ envs: ["PIN=hunter2"] }, { labels: [{ label: "pin", value: "hunter2" }] }, { command: ["app", "--pin=hunter2"] }])(
    "not as %j",
    (inputs) => {
      expect(violations(rule, broken({ who: REPLICA, inputs }))).toEqual([
        expect.stringContaining(`${REPLICA}: no secret stands in a plain input`),
      ]);
    },
  );
});

test("two things of one name on an engine clash", () => {
  expect(clashes(good.resources, good.resources)).toEqual([expect.stringMatching(/RemoteImage berth-dev:[0-9a-f]{12}$/)]);
  expect(clashes(broken({ who: DATA, inputs: { name: "data" } }), broken({ who: DATA, inputs: { name: "data" } }))).toContain(
    "docker:index/volume:Volume data",
  );
});
