import { createHash } from "node:crypto";
import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { canonicalJson } from "./canonicalJson.ts";
import type { Release } from "./ledger.ts";
import { SERVICE } from "./route.ts";
import { stepArgs } from "./step.ts";

export interface HoldArgs {
  readonly release: Release;
  readonly gateway: pulumi.Input<string>;
  /** All inputs of a replica: when one changes, the replicas are replaced. */
  readonly replica: pulumi.Input<object>;
}

/** Extra time that a held request waits beyond the gate's deadline, in seconds: stopping and starting containers. */
const MARGIN = 60;

/** With `strategy: recreate`: lets requests wait in the gateway just before the old replicas are stopped. */
export class Hold extends pulumi.ComponentResource {
  constructor(name: string, args: HoldArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Hold", name, {}, opts);
    const { settings } = args.release;
    new local.Command(
      `${name}-pause`,
      stepArgs("hold", {
        gateway: args.gateway,
        service: SERVICE,
        drain: settings.drain,
        patience: settings.drain + settings.health.deadline + MARGIN,
        because: pulumi.output(args.replica).apply((inputs) => createHash("sha256").update(canonicalJson(inputs)).digest("hex")),
      }),
      { parent: this },
    );
    this.registerOutputs({});
  }
}
