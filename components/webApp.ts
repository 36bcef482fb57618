import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { BuildSettings, Settings } from "../settings/settings.ts";
import { type AccessoryRecord, recordAccessories, refuseJumps, refuseMissing } from "../release/accessoryRecord.ts";
import { Accessory, containerName } from "./accessory.ts";
import { dataOf, urlSecret } from "../settings/accessoryKinds.ts";
import { AppImage } from "./appImage.ts";
import { Canary, type CanaryArgs } from "./canary.ts";
import { DataVolume } from "./dataVolume.ts";
import { DEFAULTS, Gateway } from "./gateway.ts";
import { HealthGate } from "./healthGate.ts";
import { Job, jobSpec, snapshotInput } from "./job.ts";
import { record, type Release } from "../release/ledger.ts";
import type { Owner } from "../engine/labels.ts";
import { Prune } from "./prune.ts";
import { replicaArgs, Replicas, type ReplicasArgs } from "./replicas.ts";
import { Route } from "./route.ts";
import { mountedSecrets } from "./secretFiles.ts";
import { hashesOf, type SecretValues, WEB } from "../release/secretValues.ts";
import { Seed } from "./seed.ts";
import { StackKey } from "./stackKey.ts";
import { StackRecord } from "./stackRecord.ts";

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
  /** What to build; without it, the release's earlier image is used. */
  readonly build?: (BuildSettings & { readonly context: string }) | undefined;
  /** Another release that is tried on a share of the traffic. */
  readonly canary?: Pick<CanaryArgs, "release" | "settings" | "build"> | undefined;
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
  readonly canary?: { readonly release: string; readonly replicas: pulumi.Output<string>[]; readonly verdict: pulumi.Output<string>; readonly promote: boolean };
  /** Every data volume there is, in the configuration's words. */
  readonly dataVolumes: string[];
  /** The accessories, and those whose data are left, with the engine's name of their volume. */
  readonly accessories: Record<string, AccessoryRecord & { readonly volume: pulumi.Output<string> | undefined }>;

  constructor(name: string, args: WebAppArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:WebApp", name, {}, opts);
    const { owner, settings, release, ledger, build } = args;
    const own = { parent: this };
    refuseJumps(args.accessories ?? {}, settings.accessories);
    for (const used of [release, ...(args.canary ? [args.canary.release] : [])]) refuseMissing(used, settings.accessories);

    this.key = new StackKey(`${name}-key`, { known: args.key }, own).key;
    const image = new AppImage(`${name}-image`, { owner, release, ...(build && { build }) }, own);
    const mounted = release.settings.volumes;
    const wanted = [...mounted, ...(args.canary?.release.settings.volumes ?? [])].filter(({ existing }) => existing === undefined);
    this.dataVolumes = [...new Set([...wanted.map(({ name: volume }) => volume), ...settings.accessories.map((accessory) => dataOf(accessory.name)), ...(args.dataVolumes ?? [])])].sort();
    const volumeNames = Object.fromEntries(this.dataVolumes.map((volume) => [volume, new DataVolume(`${name}-${volume}`, { owner, volume }, own).volumeName]));
    const seeds = [...new Map(wanted.map((volume) => [volume.name, volume])).values()].flatMap(({ name: volume, target }) => {
      const [seed, made] = [settings.seeds[volume], volumeNames[volume]];
      return seed && made ? [new Seed(`${name}-${volume}-seed`, { owner, release, volume: made, target, seed, imageId: image.imageId }, own)] : [];
    });
    const gateway = new Gateway(
      `${name}-gateway`,
      { owner, port: settings.port, bindAddress: settings.bindAddress, httpsPort: settings.tls && settings.httpsPort },
      own,
    );
    const accessories = settings.accessories.map(
      (accessory) => new Accessory(`${name}-accessory-${accessory.name}`, { owner, settings: accessory, key: this.key, network: gateway.network, volume: volumeNames[dataOf(accessory.name)] ?? "" }, { ...own, dependsOn: gateway.image }), // its secrets are written by way of that image
    );
    const values: SecretValues = { ...args.secrets, ...Object.fromEntries(accessories.map(({ accessory, url }) => [urlSecret(accessory), { base64: url.apply((text) => Buffer.from(text).toString("base64")) }])) };
    const hashes = hashesOf(this.key, values);
    const secretsFor = (replicas: string, process: string) => mountedSecrets(replicas, process, { owner, release, values, hashes }, { ...own, dependsOn: gateway.image });

    const canary =
      args.canary && new Canary(`${name}-canary`, { ...args.canary, owner, gateway: gateway.container, network: gateway.network, volumes: volumeNames, files: args.files, values, hashes }, { ...own, dependsOn: [gateway.image, ...seeds] });
    const processes: ReplicasArgs = { owner, release, imageId: image.imageId, network: gateway.network, volumes: volumeNames, files: args.files, secrets: secretsFor(`${name}-web`, WEB) };
    const replica = replicaArgs(processes, 0); // jobs are number 0
    const run = settings.release === undefined; // what is brought back has proven itself
    const exclusive = release.settings.strategy === "recreate";
    const snapshot = settings.migration?.snapshot && mounted.length > 0
      ? snapshotInput({ owner, release, gateway: gateway.container, volumes: mounted.map((volume) => ({ name: volume.name, engine: volume.existing ?? volumeNames[volume.name] ?? "" })), alone: !exclusive })
      : undefined;
    const migration = settings.migration && { owner, what: "migration", release, settings: settings.migration, replica, run, snapshot };
    const ready = [...accessories, ...seeds];
    const job = migration && !exclusive ? new Job(`${name}-migration`, migration, { ...own, dependsOn: ready }) : undefined;

    const before = { ...own, dependsOn: job ? [job] : ready };
    const web = new Replicas(`${name}-web`, processes, before);
    const workers = release.settings.workers.map((worker) => {
      const replicas = `${name}-worker-${worker.name}`;
      return new Replicas(replicas, { ...processes, worker, secrets: secretsFor(replicas, worker.name) }, before);
    });
    const workerContainers = workers.flatMap(({ containers }) => containers);
    const gate = new HealthGate(
      `${name}-gate`,
      {
        owner,
        release,
        gateway: gateway.container,
        candidates: web.containers,
        workers: workerContainers,
        migration: migration && exclusive ? pulumi.all([jobSpec(migration), snapshot ?? null]).apply(([spec, copied]) => ({ job: spec, run, snapshot: copied })) : undefined,
      },
      before,
    );
    const smoke = run && settings.smokeTest;
    const atGateway = pulumi.interpolate`BERTH_URL=http://${gateway.container}:${DEFAULTS.httpPort}`;
    const route = new Route(
      `${name}-route`,
      {
        owner,
        release,
        gateway: gateway.container,
        targets: web.containers,
        workers: workerContainers,
        canary: canary && args.canary && { ...args.canary, targets: canary.containers },
        hosts: settings.hosts,
        tls: settings.tls,
        maintenance: settings.maintenance,
        bake: run ? settings.bake : undefined,
        smokeTest: smoke ? jobSpec({ owner, what: "smoke-test", release, settings: smoke, replica: withVariable(replica, atGateway), run }) : undefined,
        jobs: settings.migration !== undefined || settings.smokeTest !== undefined,
      },
      { ...own, dependsOn: [gate, web, ...workers, ...(canary ? [canary] : [])] },
    );
    const kept = record(ledger, release, settings.keepReleases);
    // A failed update must not put its release into the ledger: the outputs wait for the route.
    const liveImage = pulumi.all([image.imageId, route.live]).apply(([imageId]) => imageId);
    const imageOf = (entry: Release) => (entry.name === release.name ? liveImage : entry.image);
    new Prune(`${name}-prune`, { owner, releases: [...kept, ...(args.canary ? [args.canary.release] : [])].map((entry) => entry.name), replicas: web.containers, live: snapshot && release.name }, { ...own, dependsOn: route });

    this.url = urlOf(settings);
    this.image = liveImage;
    this.replicas = web.containers;
    this.volumes = mounted.map(({ name: volume, target, existing }) => ({ name: pulumi.output(existing ?? volumeNames[volume] ?? ""), target }));
    this.releases = kept.map((entry) => ({ ...entry, image: imageOf(entry) }));
    this.accessories = Object.fromEntries(
      Object.entries(recordAccessories(args.accessories ?? {}, (accessory) => containerName(owner, accessory), settings.accessories)).map(([accessory, entry]) => [accessory, { ...entry, volume: volumeNames[dataOf(accessory)] }]),
    );
    const past = { releases: this.releases, dataVolumes: this.dataVolumes, accessories: this.accessories, key: this.key };
    new StackRecord(`${name}-record`, { gateway: gateway.container, past, live: route.verdict }, own);
    if (canary && args.canary) {
      const { release: tried, settings: { promote } } = args.canary;
      this.canary = { release: tried.name, replicas: canary.containers, verdict: route.verdict, promote };
    }
    this.registerOutputs({ url: this.url, image: this.image, replicas: this.replicas, volumes: this.volumes });
  }
}

const withVariable = (replica: docker.ContainerArgs, variable: pulumi.Input<string>): docker.ContainerArgs => ({
  ...replica,
  envs: pulumi.all([replica.envs, variable]).apply(([envs, more]) => [...(envs ?? []), more]),
});

/** Where a person finds the app. */
export function urlOf({ hosts, tls, port, httpsPort, bindAddress }: Settings): string {
  const host = hosts[0]?.replace("*.", "www.") ?? (bindAddress === "0.0.0.0" || bindAddress === "::" ? "localhost" : bindAddress);
  const [scheme, shownPort, usual] = tls ? ["https", httpsPort, 443] : ["http", port, 80];
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}${shownPort === usual ? "" : `:${shownPort}`}`;
}
