import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Release } from "./ledger.ts";
import { stepArgs } from "./step.ts";

export interface HealthGateArgs {
  readonly release: Release;
  /** Container of the gateway, which does the probing. */
  readonly gateway: pulumi.Input<string>;
  /** Containers that must get healthy. */
  readonly candidates: readonly pulumi.Output<string>[];
}

/**
 * Waits until the whole release is healthy. A resource of its own, because while it fails Pulumi deletes nothing that
 * was live before, also not in a repeated or refreshing update; a container's own `wait` does not hold like that.
 */
export class HealthGate extends pulumi.ComponentResource {
  constructor(name: string, args: HealthGateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:HealthGate", name, {}, opts);
    const { release, gateway, candidates } = args;
    new local.Command(
      `${name}-probe`,
      stepArgs("gate", {
        gateway,
        release: release.name,
        candidates: pulumi.all([...candidates]),
        port: release.settings.containerPort,
        health: release.settings.health,
      }),
      { parent: this },
    );
    this.registerOutputs({});
  }
}
