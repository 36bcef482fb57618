import * as pulumi from "@pulumi/pulumi";
import type { BuildSettings, CanarySettings } from "../settings/settings.ts";
import { AppImage } from "./appImage.ts";
import { HealthGate } from "./healthGate.ts";
import type { Release } from "../release/ledger.ts";
import type { Owner } from "../engine/labels.ts";
import { Replicas, type ReplicasArgs } from "./replicas.ts";
import { mountedSecrets, type MountedSecretsArgs } from "./secretFiles.ts";
import { WEB } from "../release/secretValues.ts";

export interface CanaryArgs {
  readonly owner: Owner;
  /** The release that is tried. */
  readonly release: Release;
  readonly settings: CanarySettings;
  /** What to build; without it, the release's earlier image is used. */
  readonly build?: (BuildSettings & { readonly context: string }) | undefined;
  /** Container of the gateway. */
  readonly gateway: pulumi.Input<string>;
  readonly network: pulumi.Input<string>;
  readonly volumes: ReplicasArgs["volumes"];
  /** Hashes of the files that are bound, by their paths. */
  readonly files: ReplicasArgs["files"];
  readonly values: MountedSecretsArgs["values"];
  readonly hashes: MountedSecretsArgs["hashes"];
}

/** Some replicas of another release, which take their share of the traffic beside the live one. It never becomes live by itself here. */
export class Canary extends pulumi.ComponentResource {
  readonly containers: pulumi.Output<string>[];
  readonly image: pulumi.Output<string>;
  /** Inputs of the replicas, for the jobs of the release. */
  readonly processes: ReplicasArgs;

  constructor(name: string, args: CanaryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Canary", name, {}, opts);
    const { owner, release, settings, build, gateway, network, volumes, files, values, hashes } = args;
    const own = { parent: this };
    const image = new AppImage(`${name}-image`, { owner, release, cleanUp: false, ...(build && { build }) }, own);
    const secrets = mountedSecrets(`${name}-web`, WEB, { owner, release, values, hashes }, own);
    this.image = image.imageId;
    this.processes = { owner, release, imageId: image.imageId, network, volumes, files, secrets, replicas: settings.replicas };
    const web = new Replicas(`${name}-web`, this.processes, own);
    new HealthGate(`${name}-gate`, { owner, release, gateway, candidates: web.containers, workers: [] }, own);
    this.containers = web.containers;
    this.registerOutputs({ containers: this.containers });
  }
}
