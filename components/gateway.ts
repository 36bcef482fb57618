import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { hardened, limitPids, REPLACE_ON_CHANGES } from "./hardening.ts";
import { volumeMount } from "./mounts.ts";
import { labelList, labels, type Owner } from "../release/labels.ts";

export interface GatewayArgs {
  readonly owner: Owner;
  /** Host port for HTTP. */
  readonly port: number;
  /** Host port for HTTPS; without it, none is published. */
  readonly httpsPort?: number | undefined;
  /** Host address that the ports are published on. */
  readonly bindAddress: string;
  /** Processors of the engine's host, which refuses a container that wants more. Default: as many as the gateway may use. */
  readonly processors?: number | undefined;
}

export const DEFAULTS = {
  image: "basecamp/kamal-proxy:v0.9.2",
  /** Ports inside the container, above 1024 so that no capability is needed. */
  httpPort: 8080,
  httpsPort: 8443,
  /** The proxy's own folder for routes and certificates. */
  stateFolder: "/home/kamal-proxy/.config/kamal-proxy",
  limits: { memory: 256 * 1024 ** 2, cpus: 2, cpuShares: 2048 },
  pids: 512,
} as const;

/** The only door: network, kamal-proxy with its state, and the only published ports. */
export class Gateway extends pulumi.ComponentResource {
  /** Name of the proxy's container, for `docker exec`. */
  readonly container: pulumi.Output<string>;
  /** Name of the network that the replicas join. */
  readonly network: pulumi.Output<string>;
  /** Image of the proxy: the one that every engine of Berth's has, for containers in which nothing runs. */
  readonly image: docker.RemoteImage;

  constructor(name: string, args: GatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Gateway", name, {}, opts);
    const network = new docker.Network(`${name}-network`, { labels: labelList(labels(args.owner, "gateway")) }, { parent: this });
    const state = new docker.Volume(`${name}-state`, { labels: labelList(labels(args.owner, "gateway")) }, { parent: this });
    const image = new docker.RemoteImage(`${name}-image`, { name: DEFAULTS.image, keepLocally: true }, { parent: this });
    const proxy = new docker.Container(`${name}-proxy`, proxyArgs(args, image.imageId, network.name, state.name), {
      parent: this,
      deleteBeforeReplace: true, // a host port has one owner
      replaceOnChanges: REPLACE_ON_CHANGES,
    });
    limitPids(`${name}-pids`, [proxy.name], DEFAULTS.pids, { parent: this });
    this.image = image;
    this.container = proxy.name;
    this.network = network.name;
    this.registerOutputs({ container: this.container, network: this.network });
  }
}

export function proxyArgs(
  { owner, port, httpsPort, bindAddress, processors = DEFAULTS.limits.cpus }: GatewayArgs,
  image: pulumi.Input<string>,
  network: pulumi.Input<string>,
  state: pulumi.Input<string>,
): docker.ContainerArgs {
  return {
    ...hardened({ ...DEFAULTS.limits, cpus: Math.min(DEFAULTS.limits.cpus, processors) }),
    image,
    command: ["kamal-proxy", "run", "--http-port", String(DEFAULTS.httpPort), "--https-port", String(DEFAULTS.httpsPort)],
    envs: ["HOME=/home/kamal-proxy"],
    labels: labelList(labels(owner, "gateway")),
    mounts: [volumeMount(state, DEFAULTS.stateFolder)],
    networksAdvanced: [{ name: network }],
    ports: [
      { internal: DEFAULTS.httpPort, external: port, ip: bindAddress },
      ...(httpsPort ? [{ internal: DEFAULTS.httpsPort, external: httpsPort, ip: bindAddress }] : []),
    ],
    healthcheck: { tests: ["CMD", "kamal-proxy", "list"], interval: "30s", timeout: "5s", retries: 3 },
    destroyGraceSeconds: 10,
  };
}
