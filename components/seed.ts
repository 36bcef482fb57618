import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { SeedSettings } from "../settings/settings.ts";
import type { Release } from "../release/ledger.ts";
import type { Owner } from "../engine/labels.ts";
import { readerOf } from "./secretFiles.ts";
import { stepArgs } from "./step.ts";

export interface SeedArgs {
  readonly owner: Owner;
  readonly release: Release;
  /** The engine's name of the volume. */
  readonly volume: pulumi.Input<string>;
  /** Where the app finds it. */
  readonly target: string;
  readonly seed: SeedSettings;
  readonly imageId: pulumi.Input<string>;
}

/** What a volume begins with. Written once, when the volume is new, and never over data. */
export class Seed extends pulumi.ComponentResource {
  constructor(name: string, args: SeedArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Seed", name, {}, opts);
    const { owner, release, volume, target, seed, imageId } = args;
    const uid = readerOf(release.settings.user);
    new local.Command(
      `${name}-fill`,
      stepArgs("seed", { owner, volume, target, seed, image: imageId, user: uid === null ? null : { uid, gid: Number(release.settings.user.split(":")[1] ?? 0) } }),
      { parent: this, ignoreChanges: ["environment"] }, // every release has another image, and the volume has its data by then
    );
    this.registerOutputs({});
  }
}
