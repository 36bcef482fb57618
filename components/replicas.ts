import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { WorkerSettings } from "../settings/settings.ts";
import { hardened, limitPids, REPLACE_ON_CHANGES } from "./hardening.ts";
import type { Release } from "../release/ledger.ts";
import { bindMount, tmpfsMount, volumeMount } from "./mounts.ts";
import { canonicalJson } from "../release/canonicalJson.ts";
import { LABEL, labelList, labels, type Owner } from "../release/labels.ts";
import { mebibytes } from "../settings/units.ts";

export interface ReplicasArgs {
  readonly owner: Owner;
  readonly release: Release;
  readonly imageId: pulumi.Input<string>;
  /** Network to join. */
  readonly network: pulumi.Input<string>;
  /** The engine's name of each data volume, by its name in the configuration. */
  readonly volumes: Readonly<Record<string, pulumi.Input<string>>>;
  /** What it is given of the release's secrets: the engine's name of the volume with its files, and their hashes for the label. */
  readonly secrets?: { readonly volume?: pulumi.Input<string>; readonly hashes: pulumi.Input<string> } | undefined;
  /** Hashes of the files that it binds, by their paths. Default: none is known. */
  readonly files?: Readonly<Record<string, string>> | undefined;
  /** Number of containers. Default: what the worker, or the release, says. */
  readonly replicas?: number;
  /** Default: the web process. */
  readonly worker?: WorkerSettings;
}

/** Weight of a replica when processors are short, below the gateway's. */
const CPU_SHARES = 512;
const SECRETS_FOLDER = "/run/secrets";

/** The containers of one process of one release. */
export class Replicas extends pulumi.ComponentResource {
  readonly containers: pulumi.Output<string>[];

  constructor(name: string, args: ReplicasArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Replicas", name, {}, opts);
    const { settings } = args.release;
    this.containers = Array.from({ length: args.replicas ?? args.worker?.replicas ?? settings.replicas }, (_, index) => {
      const container = new docker.Container(`${name}-${index + 1}`, replicaArgs(args, index + 1), {
        parent: this,
        deleteBeforeReplace: false,
        replaceOnChanges: REPLACE_ON_CHANGES,
      });
      return container.name;
    });
    limitPids(`${name}-pids`, this.containers, settings.resources.pids, { parent: this });
    this.registerOutputs({ containers: this.containers });
  }
}

export function replicaArgs(args: ReplicasArgs, number: number): docker.ContainerArgs {
  const { owner, release, imageId, network, volumes, secrets, worker } = args;
  const { settings } = release;
  const bounds = hardened({ memory: settings.resources.memory, cpus: settings.resources.cpus, cpuShares: CPU_SHARES });
  return {
    ...bounds,
    tmpfs: {
      ...bounds.tmpfs,
      ...Object.fromEntries((settings.tmpfs ?? []).map(({ target, size }) => [target, tmpfsMount(mebibytes(size))])),
    },
    image: imageId,
    ...(settings.user !== "image" && { user: settings.user }),
    envs: Object.entries({ ...settings.env, PORT: settings.containerPort, BERTH_RELEASE: release.name, BERTH_REPLICA: number })
      .map(([name, value]) => `${name}=${value}`)
      .sort(), // the ledger gives no order back, and a replica must not look changed for that
    ...(worker && { command: [...worker.command], healthcheck: healthOf(worker) }),
    // Where one writer is allowed, the gate starts the containers, when the old ones have stopped.
    ...(settings.strategy === "recreate" && { start: false, mustRun: false }),
    labels: [
      ...labelList(labels(owner, worker ? "worker" : "web", { [LABEL.release]: release.name, [LABEL.settings]: canonicalJson(settings) })),
      ...(secrets ? [{ label: LABEL.secrets, value: secrets.hashes }] : []),
      ...filesLabel(settings.binds.flatMap(({ source }) => args.files?.[source] ?? [])),
    ],
    mounts: [
      ...settings.volumes.map(({ name, target, existing }) => volumeMount(existing ?? volumeOf(volumes, name), target)),
      ...settings.binds.map(({ source, target, readOnly }) => bindMount(source, target, { readOnly })),
      ...(secrets?.volume ? [volumeMount(secrets.volume, SECRETS_FOLDER, { readOnly: true })] : []),
    ],
    networksAdvanced: [{ name: network }],
    destroyGraceSeconds: Math.max(1, Math.ceil(settings.drain)), // from SIGTERM to SIGKILL; with 0 or unset, the provider kills at once
  };
}

/** Another label is another container: what a bound file says is read at the start, in most cases. */
const filesLabel = (hashes: readonly string[]): { label: string; value: string }[] =>
  hashes.length > 0 ? [{ label: "berth.files", value: hashes.join(" ") }] : [];

/**
 * A worker's own check; the image's is the web process's, and would fail. Times are there also where there is none: the
 * engine would take the image's for them, and the worker would look changed at every update.
 */
const healthOf = ({ healthcheck }: WorkerSettings): docker.types.input.ContainerHealthcheck => ({
  tests: healthcheck ? ["CMD", ...healthcheck] : ["NONE"],
  interval: "5s",
  timeout: "5s",
  retries: 3,
  startPeriod: "10s",
});

/** A name that is not there is never taken for a volume's own: the engine would make an empty one. */
function volumeOf(volumes: ReplicasArgs["volumes"], name: string): pulumi.Input<string> {
  const volume = volumes[name];
  if (volume === undefined) throw new Error(`no volume was made for ${name}`);
  return volume;
}
