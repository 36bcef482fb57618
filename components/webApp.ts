import * as pulumi from "@pulumi/pulumi";
import type { Owner } from "../release/labels.ts";
import { type AccessoryRecord, recordAccessories, refuseJumps, refuseMissing } from "../release/accessoryRecord.ts";
import { enter, type Release } from "../release/ledger.ts";
import type { SecretValues } from "../release/secretValues.ts";
import { dataOf } from "../settings/accessoryKinds.ts";
import type { BuildSettings, Settings } from "../settings/settings.ts";
import { containerName } from "./accessory.ts";
import { Canary, type CanaryArgs } from "./canary.ts";
import { Deployment } from "./deployment.ts";
import { Platform } from "./platform.ts";
import { Prune } from "./prune.ts";
import { Route } from "./route.ts";
import { seededVolumes } from "./seed.ts";
import { StackRecord } from "./stackRecord.ts";
import { onEngine } from "./step.ts";

export interface WebAppArgs {
  readonly owner: Owner;
  readonly settings: Settings;
  /** The release to bring live. */
  readonly release: Release;
  /** Releases that were live before, newest first. */
  readonly ledger: readonly Release[];
  /** Data volumes that were declared before. They stay, whether this release mounts them or not. */
  readonly dataVolumes?: readonly string[];
  /** What wrote the data of each accessory that the stack has had. Default: there was none. */
  readonly accessories?: Readonly<Record<string, AccessoryRecord>>;
  /** Today's values of the secrets that the releases have. Default: none. */
  readonly secrets?: SecretValues;
  /** The key that the stack has already; see `StackKey`. */
  readonly key?: string | undefined;
  /** Hashes of the files that are bound, by their paths. Default: none is known. */
  readonly files?: Readonly<Record<string, string>> | undefined;
  /** Processors of the engine's host, which no container may have more of. Default: 2 or more. */
  readonly processors?: number | undefined;
  /** What to build; without it, the release's earlier image is used. */
  readonly build?: (BuildSettings & { readonly context: string }) | undefined;
  /** Another release that is tried on a share of the traffic. */
  readonly canary?: Pick<CanaryArgs, "release" | "settings" | "build"> | undefined;
  /** Address of the engine that the steps work on, where Pulumi's provider is told one. Default: DOCKER_HOST, or the usual socket. */
  readonly host?: string | undefined;
}

/**
 * An app that is delivered without dropping a request. The order of its parts is the release: each waits for the one
 * before, and Pulumi deletes the old replicas only after all of them have succeeded.
 */
export class WebApp extends pulumi.ComponentResource {
  readonly url: string;
  readonly image: pulumi.Output<string>;
  readonly replicas: pulumi.Output<string>[];
  readonly volumes: { readonly name: pulumi.Output<string>; readonly target: string }[];
  readonly releases: Record<string, unknown>[];
  /** The stack's key, a secret. */
  readonly key: pulumi.Output<string>;
  /** The release that is tried, its containers, and what its watch came to. */
  readonly canary?: {
    readonly release: string;
    readonly replicas: pulumi.Output<string>[];
    readonly verdict: pulumi.Output<string>;
    readonly promote: boolean;
  };
  /** Every data volume there is, in the configuration's words. */
  readonly dataVolumes: readonly string[];
  /** The accessories, and those whose data are left, with the engine's name of their volume. */
  readonly accessories: Record<string, AccessoryRecord & { readonly volume: pulumi.Output<string> | undefined }>;
  /** What a person wants to know of the app, and what the next update has to: a program's outputs, see `readPast`. */
  readonly outputs: Readonly<Record<string, unknown>>;

  constructor(name: string, args: WebAppArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:WebApp", name, {}, { ...opts, transformations: [...(opts?.transformations ?? []), onEngine(args.host)] });
    const { owner, settings, release, ledger, files, build, canary: tried } = args;
    const { migration, smokeTest } = settings;
    const releases = [release, ...(tried ? [tried.release] : [])];
    const run = settings.release === undefined; // what is brought back has proven itself
    refuseJumps(args.accessories ?? {}, settings.accessories);
    for (const used of releases) refuseMissing(used, settings.accessories);

    const own = { parent: this };
    const platform = new Platform(name, { ...args, releases }, own);
    const { gateway, volumes } = platform;
    const shared = { owner, platform, files };
    const seeded = seededVolumes(settings.seeds, releases);
    const live = new Deployment(name, { ...shared, release, build, run, migration, smokeTest, seeds: seeded }, own);
    const canary = tried && new Canary(`${name}-canary`, { ...shared, ...tried }, { ...own, dependsOn: [gateway.image, ...live.seeds] });
    const route = new Route(
      `${name}-route`,
      {
        owner,
        release,
        gateway: gateway.container,
        targets: live.web.containers,
        workers: live.workerContainers,
        canary: canary && tried && { ...tried, targets: canary.containers },
        hosts: settings.hosts,
        tls: settings.tls,
        maintenance: settings.maintenance,
        bake: run ? settings.bake : undefined,
        smokeTest: live.smokeTest,
        jobs: migration !== undefined || smokeTest !== undefined,
      },
      { ...own, dependsOn: [live.gate, live.web, ...live.workers, ...(canary ? [canary] : [])] },
    );
    const kept = enter(ledger, release, settings.keepReleases);
    const needed = [...kept, ...(tried ? [tried.release] : [])].map((entry) => entry.name);
    const prune = { owner, releases: needed, replicas: live.web.containers, live: live.takesSnapshot ? release.name : undefined };
    new Prune(`${name}-prune`, prune, { ...own, dependsOn: route });

    this.url = urlOf(settings);
    this.image = pulumi.all([live.image, route.live]).apply(([image]) => image); // a failed update must not put its release into the ledger
    this.replicas = live.web.containers;
    this.volumes = mountsOf(release, volumes);
    this.releases = kept.map((entry) => ({ ...entry, image: entry.name === release.name ? this.image : entry.image }));
    this.key = platform.key;
    this.dataVolumes = platform.dataVolumes;
    this.accessories = accessoriesOf(args, volumes);
    if (canary && tried)
      this.canary = { release: tried.release.name, replicas: canary.containers, verdict: route.verdict, promote: tried.settings.promote };
    const past = { releases: this.releases, dataVolumes: this.dataVolumes, accessories: this.accessories, key: this.key };
    new StackRecord(`${name}-record`, { gateway: gateway.container, past, live: route.verdict }, own);
    this.outputs = outputsOf(this, args);
    this.registerOutputs({ url: this.url, image: this.image, replicas: this.replicas, volumes: this.volumes });
  }
}

type Volumes = Platform["volumes"];

const mountsOf = ({ settings }: Release, volumes: Volumes): WebApp["volumes"] =>
  settings.volumes.map(({ name, target, existing }) => ({ name: pulumi.output(existing ?? volumes[name] ?? ""), target }));

function accessoriesOf({ owner, settings, accessories: past = {} }: WebAppArgs, volumes: Volumes): WebApp["accessories"] {
  const records = recordAccessories(past, (accessory) => containerName(owner, accessory), settings.accessories);
  return Object.fromEntries(
    Object.entries(records).map(([accessory, entry]) => [accessory, { ...entry, volume: volumes[dataOf(accessory)] }]),
  );
}

function outputsOf(app: WebApp, { release, settings }: WebAppArgs): Record<string, unknown> {
  const { url, image, replicas, volumes, releases, dataVolumes, accessories, key, canary } = app;
  return {
    ...{ url, release: release.name, image, replicas, volumes, strategy: release.settings.strategy, releases, dataVolumes },
    ...(Object.keys(accessories).length > 0 && { accessories }),
    ...{ secrets: Object.keys(settings.secrets).sort(), key },
    ...(canary && { canary }),
  };
}

/** Where a person finds the app. */
export function urlOf({ hosts, tls, port, httpsPort, bindAddress }: Settings): string {
  const host = hosts[0]?.replace("*.", "www.") ?? (bindAddress === "0.0.0.0" || bindAddress === "::" ? "localhost" : bindAddress);
  const [scheme, shownPort, usual] = tls ? ["https", httpsPort, 443] : ["http", port, 80];
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}${shownPort === usual ? "" : `:${shownPort}`}`;
}
