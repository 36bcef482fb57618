import * as pulumi from "@pulumi/pulumi";
import type { Owner } from "../release/labels.ts";
import type { Release } from "../release/ledger.ts";
import { WEB } from "../release/secretValues.ts";
import type { BuildSettings, JobSettings, MigrationSettings, WorkerSettings } from "../settings/settings.ts";
import type { JobSpec } from "../steps/runJob.ts";
import { AppImage } from "./appImage.ts";
import { DEFAULTS } from "./gateway.ts";
import { HealthGate } from "./healthGate.ts";
import { Job, type JobArgs, jobInput, jobSpec, snapshotInput, withVariable } from "./job.ts";
import type { Platform } from "./platform.ts";
import { replicaArgs, Replicas, type ReplicasArgs } from "./replicas.ts";
import { mountedSecrets } from "./secretFiles.ts";
import { Seed, type SeededVolume } from "./seed.ts";

export interface DeploymentArgs {
  readonly owner: Owner;
  readonly release: Release;
  /** What to build; without it, the release's earlier image is used. */
  readonly build?: (BuildSettings & { readonly context: string }) | undefined;
  /** What it runs on. */
  readonly platform: Platform;
  /** Hashes of the files that are bound, by their paths. Default: none is known. */
  readonly files?: ReplicasArgs["files"];
  /** Number of web containers. Default: what the release says. */
  readonly replicas?: number;
  /** Its processes without traffic. Default: those of the release. */
  readonly workers?: readonly WorkerSettings[];
  /** Whether all images of the app go when this goes. Default: true. */
  readonly cleanUp?: boolean;
  /** Whether its jobs run: what is brought back has had them. */
  readonly run: boolean;
  /** Runs once, before the switch. Default: nothing does. */
  readonly migration?: MigrationSettings | undefined;
  /** Runs after the switch. Default: nothing does. */
  readonly smokeTest?: JobSettings | undefined;
  /** What volumes begin with that are new. Default: they are empty. */
  readonly seeds?: readonly SeededVolume[];
}

/**
 * One release, from its image to the gate, all but its traffic: the live release is one, a canary another. Not a resource but a list
 * of them, as `Platform` is; the order is told by `dependsOn`.
 */
export class Deployment {
  readonly image: pulumi.Output<string>;
  readonly seeds: readonly Seed[];
  readonly web: Replicas;
  readonly workers: readonly Replicas[];
  /** Succeeds once all processes are healthy. */
  readonly gate: HealthGate;
  /** The job that follows the switch. */
  readonly smokeTest: pulumi.Output<JobSpec> | undefined;
  /** Whether its migration copies data before. */
  readonly takesSnapshot: boolean;

  constructor(name: string, args: DeploymentArgs, opts: pulumi.ComponentResourceOptions) {
    const { owner, release, build, platform, files, seeds = [] } = args;
    const { gateway, volumes, secrets: values, hashes } = platform;
    const { replicas = release.settings.replicas, workers = release.settings.workers, cleanUp = true } = args;
    const exclusive = release.settings.strategy === "recreate";
    const secretsFor = (of: string, process: string) =>
      mountedSecrets(of, process, { owner, release, values, hashes }, { ...opts, dependsOn: gateway.image });

    const image = new AppImage(`${name}-image`, { owner, release, cleanUp, ...(build && { build }) }, opts);
    this.image = image.imageId;
    this.seeds = seeds.map(
      (seeded) =>
        new Seed(
          `${name}-${seeded.volume}-seed`,
          { owner, release, seeded, volume: volumes[seeded.volume] ?? "", imageId: this.image },
          opts,
        ),
    );

    const processes: ReplicasArgs = {
      owner,
      release,
      imageId: this.image,
      network: gateway.network,
      volumes,
      files,
      secrets: secretsFor(`${name}-web`, WEB),
    };
    const ready = [...platform.accessories, ...this.seeds];
    const migration = migrationOf(args, processes);
    const job = migration && !exclusive ? new Job(`${name}-migration`, migration, { ...opts, dependsOn: ready }) : undefined;

    const before = { ...opts, dependsOn: job ? [job] : ready };
    this.web = new Replicas(`${name}-web`, { ...processes, replicas }, before);
    this.workers = workers.map((worker) => {
      const own = `${name}-worker-${worker.name}`;
      return new Replicas(own, { ...processes, worker, secrets: secretsFor(own, worker.name) }, before);
    });
    const gated = { owner, release, gateway: gateway.container, candidates: this.web.containers, workers: this.workerContainers };
    this.gate = new HealthGate(`${name}-gate`, { ...gated, migration: migration && exclusive ? jobInput(migration) : undefined }, before);
    this.smokeTest = smokeTestOf(args, processes);
    this.takesSnapshot = migration?.snapshot !== undefined;
  }

  /** Containers without traffic. */
  get workerContainers(): pulumi.Output<string>[] {
    return this.workers.flatMap(({ containers }) => containers);
  }
}

/** The migration, which writes where the release writes: a replica's inputs are its own. */
function migrationOf(
  { owner, release, migration, run, platform: { gateway, volumes } }: DeploymentArgs,
  processes: ReplicasArgs,
): JobArgs | undefined {
  if (!migration) return undefined;
  const mounted = release.settings.volumes.map(({ name, existing }) => ({ name, engine: existing ?? volumes[name] ?? "" }));
  const alone = release.settings.strategy !== "recreate";
  const snapshot =
    migration.snapshot && mounted.length > 0
      ? snapshotInput({ owner, release, gateway: gateway.container, volumes: mounted, alone })
      : undefined;
  return { owner, what: "migration", release, settings: migration, replica: replicaArgs(processes, 0), run, snapshot }; // jobs are number 0
}

function smokeTestOf(
  { owner, release, smokeTest, run, platform: { gateway } }: DeploymentArgs,
  processes: ReplicasArgs,
): pulumi.Output<JobSpec> | undefined {
  if (!smokeTest || !run) return undefined;
  const address = pulumi.interpolate`BERTH_URL=http://${gateway.container}:${DEFAULTS.httpPort}`;
  return jobSpec({
    owner,
    what: "smoke-test",
    release,
    settings: smokeTest,
    replica: withVariable(replicaArgs(processes, 0), address),
    run,
  });
}
