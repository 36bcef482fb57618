import type * as pulumi from "@pulumi/pulumi";
import type { Owner } from "../release/labels.ts";
import type { Release } from "../release/ledger.ts";
import { hashesOf, type SecretValues } from "../release/secretValues.ts";
import { dataOf, urlSecret } from "../settings/accessoryKinds.ts";
import type { Settings } from "../settings/settings.ts";
import { Accessory } from "./accessory.ts";
import { DataVolume } from "./dataVolume.ts";
import { Gateway } from "./gateway.ts";
import { StackKey } from "./stackKey.ts";

export interface PlatformArgs {
  readonly owner: Owner;
  readonly settings: Pick<Settings, "port" | "bindAddress" | "httpsPort" | "tls" | "accessories">;
  /** The releases that run on it, whose volumes are made. */
  readonly releases: readonly Release[];
  /** Data volumes that were declared before. They stay, whether a release mounts them or not. Default: there were none. */
  readonly dataVolumes?: readonly string[] | undefined;
  /** Today's values of the secrets that the releases have. Default: none. */
  readonly secrets?: SecretValues | undefined;
  /** The key that the app has already; see `StackKey`. */
  readonly key?: string | undefined;
  /** Processors of the engine's host. Default: 2 or more. */
  readonly processors?: number | undefined;
}

/**
 * What belongs to the stack, and that no release touches: its key, its data, its gateway, its accessories. Not a resource but a
 * list of them: their parent is what `opts` says (docs/decisions/0027).
 */
export class Platform {
  /** The stack's key, a secret. */
  readonly key: pulumi.Output<string>;
  /** Every data volume there is, in the configuration's words. */
  readonly dataVolumes: readonly string[];
  /** The engine's name of each data volume. */
  readonly volumes: Readonly<Record<string, pulumi.Output<string>>>;
  readonly gateway: Gateway;
  readonly accessories: readonly Accessory[];
  /** The secrets' values, with the URLs of the accessories. */
  readonly secrets: SecretValues;
  /** Keyed hash of each secret's value. */
  readonly hashes: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: PlatformArgs, opts: pulumi.ComponentResourceOptions) {
    const { owner, settings } = args;
    this.key = new StackKey(`${name}-key`, { known: args.key }, opts).key;
    this.dataVolumes = dataVolumesOf(args);
    this.volumes = Object.fromEntries(
      this.dataVolumes.map((volume) => [volume, new DataVolume(`${name}-${volume}`, { owner, volume }, opts).volumeName]),
    );
    this.gateway = new Gateway(
      `${name}-gateway`,
      {
        owner,
        port: settings.port,
        bindAddress: settings.bindAddress,
        httpsPort: settings.tls && settings.httpsPort,
        processors: args.processors,
      },
      opts,
    );
    this.accessories = settings.accessories.map((accessory) => {
      const { network, image } = this.gateway;
      const own = { owner, settings: accessory, key: this.key, network, volume: this.volumes[dataOf(accessory.name)] ?? "" };
      // Its secrets are written by way of that image
      return new Accessory(`${name}-accessory-${accessory.name}`, own, { ...opts, dependsOn: image });
    });
    this.secrets = {
      ...args.secrets,
      ...Object.fromEntries(this.accessories.map(({ accessory, url }) => [urlSecret(accessory), { base64: url.apply(base64) }])),
    };
    this.hashes = hashesOf(this.key, this.secrets);
  }
}

/** Names of all data volumes: of the releases, of the accessories, and those of before. Pure. */
export function dataVolumesOf({
  releases,
  settings,
  dataVolumes = [],
}: Pick<PlatformArgs, "releases" | "settings" | "dataVolumes">): string[] {
  const mounted = releases.flatMap((release) => release.settings.volumes).filter(({ existing }) => existing === undefined);
  return [...new Set([...mounted.map(({ name }) => name), ...settings.accessories.map(({ name }) => dataOf(name)), ...dataVolumes])].sort();
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
