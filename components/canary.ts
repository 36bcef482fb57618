import * as pulumi from "@pulumi/pulumi";
import type { CanarySettings } from "../settings/settings.ts";
import { Deployment, type DeploymentArgs } from "./deployment.ts";

export interface CanaryArgs extends Pick<DeploymentArgs, "owner" | "release" | "build" | "platform" | "files"> {
  readonly settings: CanarySettings;
}

/**
 * Another release beside the live one, on a share of the traffic: its web process alone, and none of its jobs. It never becomes live
 * by itself here. A resource of its own, so that all of it is seen to belong together and waits for what `opts` names.
 */
export class Canary extends pulumi.ComponentResource {
  readonly containers: pulumi.Output<string>[];

  constructor(name: string, { settings, ...args }: CanaryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Canary", name, {}, opts);
    const { web } = new Deployment(
      name,
      { ...args, replicas: settings.replicas, workers: [], cleanUp: false, run: false },
      { parent: this },
    );
    this.containers = web.containers;
    this.registerOutputs({ containers: this.containers });
  }
}
