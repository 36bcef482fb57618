import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { imageName, repository } from "../release/imageName.ts";
import type { Owner } from "../release/labels.ts";
import { stepArgs } from "./step.ts";

export interface PruneArgs {
  readonly owner: Owner;
  /** Names of the releases that can be brought back. */
  readonly releases: readonly string[];
  /** Containers of the live release. */
  readonly replicas: readonly pulumi.Input<string>[];
  /** The live release, where a migration has made copies of the data. Default: there are none. */
  readonly live?: string | undefined;
}

/** Removes this stack's images that no kept release needs, once the new release is live. */
export class Prune extends pulumi.ComponentResource {
  constructor(name: string, args: PruneArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Prune", name, {}, opts);
    const { owner, releases, replicas, live = null } = args;
    const keep = [...new Set(releases.map((release) => imageName(owner, release)))].sort();
    new local.Command(
      `${name}-images`,
      stepArgs("prune", { owner, repository: repository(owner), keep, replicas: pulumi.all([...replicas]), live }),
      { parent: this },
    );
    this.registerOutputs({});
  }
}
