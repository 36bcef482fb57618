/** What wrote the data of each accessory, and whether what is configured can read them. */
import * as pulumi from "@pulumi/pulumi";
import type { AccessoryKind } from "../settings/accessoryKinds.ts";
import type { AccessorySettings } from "../settings/types.ts";
import { major } from "../toolchain/semver.ts";

/** What wrote the data of an accessory last. */
export interface AccessoryRecord {
  readonly kind: AccessoryKind;
  readonly version: string;
  /** Name of its container; null once it is out of the configuration, which its data outlive. */
  readonly container: string | null;
}

/** The records after an update, by the names of the accessories. @param nameOf the container of an accessory */
export function recordAccessories(
  past: Readonly<Record<string, AccessoryRecord>>,
  nameOf: (accessory: string) => string,
  configured: readonly AccessorySettings[],
): Record<string, AccessoryRecord> {
  const gone = Object.entries(past).map(([name, record]) => [name, { ...record, container: null }]);
  const now = configured.map(({ name, kind, version }) => [name, { kind, version, container: nameOf(name) }]);
  return Object.fromEntries([...gone, ...now]) as Record<string, AccessoryRecord>;
}

/** @throws RunError where data would meet a program that cannot read them */
export function refuseJumps(past: Readonly<Record<string, AccessoryRecord>>, configured: readonly AccessorySettings[]): void {
  for (const [index, { name, kind, version }] of configured.entries()) {
    const last = past[name];
    if (!last || (last.kind === kind && major(last.version) === major(version))) continue;
    throw new pulumi.RunError(
      `berth:accessories[${index}] is ${kind} ${version}, but the data of ${name} were written by ${last.kind} ${last.version}, and another major version does not read them. ` +
        `Put them into a second accessory of the new version, see docs/guides/database.md#upgrade, or go back: pulumi config set --path berth:accessories[${index}].version ${last.version} (nothing was changed)`,
    );
  }
}

/** @throws RunError where a release needs an accessory that is no more */
export function refuseMissing(
  release: { readonly name: string; readonly settings: { readonly accessories?: readonly string[] } },
  configured: readonly AccessorySettings[],
): void {
  for (const name of release.settings.accessories ?? []) {
    if (configured.some((accessory) => accessory.name === name)) continue;
    throw new pulumi.RunError(
      `release ${release.name} uses the accessory ${name}, which berth:accessories has no longer: put it back, or choose another release (nothing was changed)`,
    );
  }
}
