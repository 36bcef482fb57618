import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Release } from "../release/ledger.ts";
import type { JobInput } from "../steps/job.ts";
import type { Owner } from "../release/labels.ts";
import { serviceOf } from "./route.ts";
import { stepArgs } from "./step.ts";

export interface HealthGateArgs {
  readonly owner: Owner;
  readonly release: Release;
  /** Container of the gateway, which does the probing. */
  readonly gateway: pulumi.Input<string>;
  /** Containers that must get healthy. */
  readonly candidates: readonly pulumi.Output<string>[];
  /** Containers of the release that take no traffic, and must run well. */
  readonly workers: readonly pulumi.Output<string>[];
  /** With `strategy: recreate`: what runs once after the old release has stopped and before the new one starts. */
  readonly migration?: pulumi.Output<JobInput> | undefined;
}

/**
 * Waits until the whole release is healthy. A resource of its own, because while it fails Pulumi deletes nothing that
 * was live before, also not in a repeated or refreshing update; a container's own `wait` does not hold like that.
 */
export class HealthGate extends pulumi.ComponentResource {
  constructor(name: string, args: HealthGateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:HealthGate", name, {}, opts);
    const { owner, release, gateway, candidates, workers, migration } = args;
    new local.Command(
      `${name}-probe`,
      stepArgs("gate", {
        owner,
        gateway,
        service: serviceOf(owner),
        release: release.name,
        candidates: pulumi.all([...candidates]),
        workers: pulumi.all([...workers]),
        port: release.settings.containerPort,
        health: release.settings.health,
        drain: release.settings.drain,
        exclusive: release.settings.strategy === "recreate",
        migration: migration ?? null,
      }),
      { parent: this },
    );
    this.registerOutputs({});
  }
}
