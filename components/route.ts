import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { BakeSettings, CanarySettings, TlsSettings } from "../settings/settings.ts";
import type { Release } from "../release/ledger.ts";
import type { JobSpec } from "../steps/runJob.ts";
import { type RouteInput, verdictIn } from "../steps/switch.ts";
import type { Owner } from "../release/labels.ts";
import { stepArgs } from "./step.ts";

/** Name of the app's route in its gateway. */
export const serviceOf = ({ app = "app" }: Owner): string => app;

export interface RouteCanary {
  readonly release: Release;
  readonly targets: readonly pulumi.Output<string>[];
  readonly settings: CanarySettings;
}

export interface RouteArgs {
  readonly owner: Owner;
  readonly release: Release;
  /** Container of the gateway. */
  readonly gateway: pulumi.Input<string>;
  /** Containers that take the traffic. */
  readonly targets: readonly pulumi.Output<string>[];
  /** Containers of the release that take none. */
  readonly workers: readonly pulumi.Output<string>[];
  /** Another release that takes a share, and how to watch it. */
  readonly canary?: RouteCanary | undefined;
  /** Host names to answer for; none: any. */
  readonly hosts: readonly string[];
  readonly tls?: TlsSettings | undefined;
  /** Message of the maintenance page. Default: the app serves. */
  readonly maintenance?: string | undefined;
  /** How to watch the release after the switch. Default: not at all. */
  readonly bake?: BakeSettings | undefined;
  /** A job that must succeed after the switch. */
  readonly smokeTest?: pulumi.Output<JobSpec> | undefined;
  /** Whether the release has jobs, which leave a container until it is live. */
  readonly jobs: boolean;
}

/** What the gateway sends where. Any change of it is made in place: the gateway switches in one instant, then drains. */
export class Route extends pulumi.ComponentResource {
  /** Known once the release is live; whatever must not be said of a failed release waits for it. */
  readonly live: pulumi.Output<unknown>;
  /** What the watch of a canary came to; empty without one. */
  readonly verdict: pulumi.Output<string>;

  constructor(name: string, args: RouteArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Route", name, {}, opts);
    const { owner, release, gateway, targets, workers, canary, hosts, tls, maintenance, bake, smokeTest, jobs } = args;
    const command = new local.Command(
      `${name}-switch`,
      {
        ...stepArgs("route", {
          owner,
          gateway,
          service: serviceOf(owner),
          release: release.name,
          targets: pulumi.all([...targets]),
          workers: pulumi.all([...workers]),
          canary: canary ? canaryInput(canary) : null,
          exclusive: release.settings.strategy === "recreate",
          port: release.settings.containerPort,
          hosts,
          tls: !tls ? "off" : "acme" in tls ? "acme" : "own",
          health: release.settings.health,
          drain: release.settings.drain,
          maintenance: maintenance ?? null,
          bake: bake ?? null,
          smokeTest: smokeTest ?? null,
          jobs,
        }),
        ...(tls && "key" in tls && { stdin: pulumi.secret(JSON.stringify(tls)) }),
      },
      { parent: this },
    );
    this.live = command.id;
    this.verdict = command.stdout.apply(verdictIn);
    this.registerOutputs({});
  }
}

function canaryInput({ release, targets, settings }: RouteCanary): pulumi.Output<RouteInput["canary"]> {
  const { duration, errors, slowdown, minRequests } = settings;
  return pulumi.output({
    release: release.name,
    targets: pulumi.all([...targets]),
    port: release.settings.containerPort,
    limits: { duration, errors, slowdown, minRequests },
  });
}
