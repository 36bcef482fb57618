import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Owner } from "./owner.ts";
import { stepArgs } from "./step.ts";

export interface PruneArgs {
  readonly owner: Owner;
  /** Ids of the images that the ledger's releases need. */
  readonly keep: readonly pulumi.Input<string | undefined>[];
}

/** Removes this stack's images that no kept release needs, once the new release is live. */
export class Prune extends pulumi.ComponentResource {
  constructor(name: string, args: PruneArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Prune", name, {}, opts);
    const keep = pulumi.all([...args.keep]).apply((ids) => [...new Set(ids.filter((id) => id !== undefined))]);
    new local.Command(`${name}-images`, stepArgs("prune", { owner: args.owner, keep }), { parent: this });
    this.registerOutputs({});
  }
}
