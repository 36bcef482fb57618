import { local } from "@pulumi/command";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { JobSettings } from "../settings/settings.ts";
import type { JobInput } from "../steps/job.ts";
import type { JobSpec } from "../steps/runJob.ts";
import type { SnapshotInput } from "../steps/snapshot.ts";
import { IMAGES } from "../toolchain/versions.ts";
import { containerSpec } from "./containerSpec.ts";
import type { Release } from "../release/ledger.ts";
import { LABEL, labelList, labels, type Owner, stem } from "../release/labels.ts";
import { serviceOf } from "./route.ts";
import { type Inputs, ownerVariables, stepArgs, stepCommand } from "./step.ts";

export interface JobArgs {
  readonly owner: Owner;
  /** What it is for, such as "migration". */
  readonly what: string;
  readonly release: Release;
  readonly settings: JobSettings;
  /** Inputs of a replica: the job gets the same environment, mounts, network, user and limits. */
  readonly replica: docker.ContainerArgs;
  /** False where the release is brought back as it was. */
  readonly run: boolean;
  /** What to copy before. Default: nothing. */
  readonly snapshot?: pulumi.Output<SnapshotInput> | undefined;
}

/** A container that runs once for a release and must succeed before anything is switched. */
export class Job extends pulumi.ComponentResource {
  constructor(name: string, args: JobArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Job", name, {}, opts);
    new local.Command(
      `${name}-run`,
      {
        ...stepArgs(
          "job",
          { job: jobSpec(args), run: args.run, snapshot: args.snapshot ?? null },
          { ...ownerVariables(args.owner), JOB: args.what },
        ),
        delete: stepCommand("dropJobs"), // what a job that was cut off has left
      },
      { parent: this, additionalSecretOutputs: ["stdout", "stderr"] }, // what a job prints is its own affair
    );
    this.registerOutputs({});
  }
}

export interface SnapshotArgs {
  readonly owner: Owner;
  readonly release: Release;
  /** Container of the gateway. */
  readonly gateway: pulumi.Input<string>;
  /** Names in the configuration, and the engine's. */
  readonly volumes: readonly { readonly name: string; readonly engine: pulumi.Input<string> }[];
  /** Whether nobody holds requests yet. */
  readonly alone: boolean;
}

/** What a step needs to copy a release's volumes. */
export function snapshotInput({ owner, release, gateway, volumes, alone }: SnapshotArgs): pulumi.Output<SnapshotInput> {
  const { drain, health } = release.settings;
  return pulumi.output({
    owner,
    gateway,
    service: serviceOf(owner),
    drain,
    health: { deadline: health.deadline },
    image: IMAGES.base,
    alone,
    volumes: volumes.map(({ name, engine }) => ({ volume: engine, copy: `${stem(owner)}-copy-${name}-${release.name}` })),
  });
}

/** The job with what comes before it, for the gate of an app that allows one writer. */
export const jobInput = (args: JobArgs): pulumi.Output<JobInput> =>
  pulumi.all([jobSpec(args), args.snapshot ?? null]).apply(([job, snapshot]) => ({ job, run: args.run, snapshot }));

/** A replica's inputs with one more variable, `NAME=value`. */
export const withVariable = (replica: docker.ContainerArgs, variable: pulumi.Input<string>): docker.ContainerArgs => ({
  ...replica,
  envs: pulumi.all([replica.envs, variable]).apply(([envs, more]) => [...(envs ?? []), more]),
});

/** What a step needs to run the job. */
export function jobSpec({ owner, what, release, settings, replica }: JobArgs): pulumi.Output<JobSpec> {
  const container: docker.ContainerArgs = {
    ...replica,
    command: [...settings.command],
    labels: labelList(labels(owner, "job", { [LABEL.release]: release.name, "berth.job": what })),
  };
  const spec: Inputs<JobSpec> = {
    what,
    release: release.name,
    container: `${stem(owner)}-${what}-${release.name}`,
    spec: pulumi.output(container).apply((plain) => containerSpec(plain, release.settings.resources.pids)),
    timeout: settings.timeout,
  };
  return pulumi.output(spec);
}
