import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { SeedSettings, Settings } from "../settings/settings.ts";
import type { Release } from "../release/ledger.ts";
import type { Owner } from "../release/labels.ts";
import { readerOf } from "./secretFiles.ts";
import { stepArgs } from "./step.ts";

/** A volume that begins with something. */
export interface SeededVolume {
  /** The volume's name in the configuration. */
  readonly volume: string;
  /** Where the app finds it. */
  readonly target: string;
  readonly seed: SeedSettings;
}

/** Of the volumes that these releases mount, those that begin with something, each once. Pure. */
export function seededVolumes(seeds: Settings["seeds"], releases: readonly Release[]): SeededVolume[] {
  const mounted = releases.flatMap((release) => release.settings.volumes).filter(({ existing }) => existing === undefined);
  return [...new Map(mounted.map((volume) => [volume.name, volume])).values()].flatMap(({ name, target }) => {
    const seed = seeds[name];
    return seed ? [{ volume: name, target, seed }] : [];
  });
}

export interface SeedArgs {
  readonly owner: Owner;
  readonly release: Release;
  /** The engine's name of the volume. */
  readonly volume: pulumi.Input<string>;
  readonly seeded: SeededVolume;
  readonly imageId: pulumi.Input<string>;
}

/** What a volume begins with. Written once, when the volume is new, and never over data. */
export class Seed extends pulumi.ComponentResource {
  constructor(name: string, args: SeedArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Seed", name, {}, opts);
    const {
      owner,
      release,
      volume,
      seeded: { target, seed },
      imageId,
    } = args;
    const uid = readerOf(release.settings.user);
    new local.Command(
      `${name}-fill`,
      stepArgs("seed", {
        owner,
        volume,
        target,
        seed,
        image: imageId,
        user: uid === null ? null : { uid, gid: Number(release.settings.user.split(":")[1] ?? 0) },
      }),
      { parent: this, ignoreChanges: ["environment"] }, // every release has another image, and the volume has its data by then
    );
    this.registerOutputs({});
  }
}
