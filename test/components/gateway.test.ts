import { DEFAULTS, Gateway, type GatewayArgs } from "../../components/gateway.ts";
import { REPLACE_ON_CHANGES } from "../../components/hardening.ts";
import { OWNER } from "../support/configuration.ts";
import { declare } from "../support/program.ts";

const LABELS = [
  { label: "berth.project", value: "berth" },
  { label: "berth.stack", value: "dev" },
  { label: "berth.part", value: "gateway" },
];

const declareGateway = (args: Partial<GatewayArgs> = {}) =>
  declare(() => new Gateway("gw", { owner: OWNER, port: 8080, bindAddress: "127.0.0.1", ...args }));

test("a gateway is a network, a volume for its state, the proxy and a limit of its processes, and nothing else", async () => {
  const { resources } = await declareGateway();
  expect(resources.map(({ type, name, parent }) => [type, name, parent]).sort()).toEqual([
    ["berth:index:Gateway", "gw", ""],
    ["command:local:Command", "gw-pids", "gw"],
    ["docker:index/container:Container", "gw-proxy", "gw"],
    ["docker:index/network:Network", "gw-network", "gw"],
    ["docker:index/remoteImage:RemoteImage", "gw-image", "gw"],
    ["docker:index/volume:Volume", "gw-state", "gw"],
  ]);
});

test("network and state have names that the engine's other things cannot clash with, and labels of their owner", async () => {
  const program = await declareGateway();
  expect(program.get("gw-network").inputs).toEqual({ labels: LABELS });
  expect(program.get("gw-state").inputs).toEqual({ labels: LABELS });
});

test("the proxy's image is pinned, and stays on the engine when a stack goes", async () => {
  expect((await declareGateway()).get("gw-image").inputs).toEqual({ name: "basecamp/kamal-proxy:v0.9.2", keepLocally: true });
});

test("the proxy runs by image id, hardened, with its state and the one published port", async () => {
  const { inputs } = (await declareGateway()).get("gw-proxy");
  expect(inputs).toEqual({
    image: "sha256:gw-image",
    command: ["kamal-proxy", "run", "--http-port", "8080", "--https-port", "8443"],
    envs: ["HOME=/home/kamal-proxy"],
    labels: LABELS,
    mounts: [{ type: "volume", source: "gw-state-0abcdef", target: "/home/kamal-proxy/.config/kamal-proxy", readOnly: false }],
    networksAdvanced: [{ name: "gw-network-0abcdef" }],
    ports: [{ internal: 8080, external: 8080, ip: "127.0.0.1" }],
    healthcheck: { tests: ["CMD", "kamal-proxy", "list"], interval: "30s", timeout: "5s", retries: 3 },
    destroyGraceSeconds: 10,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    readOnly: true,
    tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,mode=1777,size=64m" },
    init: true,
    ipcMode: "private",
    cpus: "2.0",
    cpuShares: 2048,
    memory: 256,
    memorySwap: 256,
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "3" },
    restart: "unless-stopped",
  });
});

test("HTTPS publishes a second port on the same address", async () => {
  const { inputs } = (await declareGateway({ port: 80, httpsPort: 443, bindAddress: "0.0.0.0" })).get("gw-proxy");
  expect(inputs["ports"]).toEqual([
    { internal: 8080, external: 80, ip: "0.0.0.0" },
    { internal: 8443, external: 443, ip: "0.0.0.0" },
  ]);
});

test.each([
  [1, "1.0"],
  [2, "2.0"],
  [64, "2.0"],
])("on a host with %i processors it may use %s", async (processors, cpus) => {
  const { inputs } = (await declareGateway({ port: 80, bindAddress: "0.0.0.0", processors })).get("gw-proxy");
  expect(inputs["cpus"]).toBe(cpus);
});

test("the old proxy goes before the new one comes, because a host port has one owner", async () => {
  const { options } = (await declareGateway()).get("gw-proxy");
  expect(options).toMatchObject({ deleteBeforeReplace: true, replaceOnChanges: REPLACE_ON_CHANGES });
});

test("the limit of processes is set once the proxy runs, by names in the environment", async () => {
  const { inputs, dependsOn } = (await declareGateway()).get("gw-pids");
  expect(inputs).toEqual({
    create: "node steps/limit.ts",
    environment: { CONTAINERS: "gw-proxy-0abcdef", PIDS: String(DEFAULTS.pids) },
  });
  expect(dependsOn).toEqual(["gw-proxy"]);
});

test("container and network are handed on for those that use them", async () => {
  const { outputs } = await declare(() => {
    const gateway = new Gateway("gw", { owner: OWNER, port: 8080, bindAddress: "127.0.0.1" });
    return { container: gateway.container, network: gateway.network };
  });
  expect(outputs).toEqual({ container: "gw-proxy-0abcdef", network: "gw-network-0abcdef" });
});
