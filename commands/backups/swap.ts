/**
 * Puts another volume of the engine in the place of a data volume. The moment in which Pulumi's record names the other
 * one is the swap: before it nothing that serves has changed, and what follows is an update like any other, with new
 * containers on the other volume, a gate and a switch (docs/decisions/0020-a-restore-is-an-update.md).
 */
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../shared/cli.ts";
import { settingsFile } from "../../stack/settingsFile.ts";
import type { PulumiCli } from "../../stack/pulumiCli.ts";
import { readOutputs } from "../../stack/stack.ts";
import { refuseIfHeld } from "../../stack/pulumiLock.ts";
import { update } from "../update/update.ts";
import { LABEL } from "../../release/labels.ts";

interface Resource {
  readonly type: string;
  id?: string;
  readonly inputs?: { name?: string; readonly labels?: readonly { readonly label: string; readonly value: string }[] };
  readonly outputs?: { id?: string; name?: string; mountpoint?: string };
}

/**
 * The record (`pulumi stack export`) with another engine's name of a data volume. Pure.
 * @throws Error where it has no such volume under the name that is expected
 */
export function withVolume(exported: string, volume: string, from: string, to: string): string {
  const record = JSON.parse(exported) as { deployment: { resources: Resource[] } };
  const marked = ({ inputs }: Resource, label: string, value: string) =>
    inputs?.labels?.some((each) => each.label === label && each.value === value) === true;
  const found = record.deployment.resources.filter(
    (each) =>
      each.type === "docker:index/volume:Volume" &&
      marked(each, LABEL.part, "data") &&
      marked(each, LABEL.volume, volume) &&
      each.id === from,
  );
  const [resource] = found;
  if (!resource?.inputs || !resource.outputs || found.length > 1)
    throw new Error(`Pulumi's record has no volume ${volume} that is ${from} on the engine`);
  Object.assign(resource, { id: to });
  Object.assign(resource.inputs, { name: to });
  Object.assign(resource.outputs, { id: to, name: to, mountpoint: resource.outputs.mountpoint?.replace(from, to) });
  return JSON.stringify(record);
}

export interface Swap {
  readonly volume: string;
  /** The engine's names of the volume that serves, and of the one that is to. */
  readonly from: string;
  readonly to: string;
  /** The live release, which stays the live one. */
  readonly release: string;
  /** Whether its container goes before the new one comes, as an accessory's does: then a failure has to be made good by another update. */
  readonly exclusive: boolean;
  /** Called once Pulumi's record names the other volume. */
  readonly onSwapped?: () => Promise<void>;
}

/**
 * Swaps, and brings the live release up on the other volume. Where that fails, the record names the volume again that
 * goes on serving. @throws UserError where an update is at work, or with the cause of the failure
 */
export async function swapVolume(cli: PulumiCli, stack: string, swap: Swap): Promise<void> {
  const { volume, from, to, release, onSwapped } = swap;
  await rename(cli, stack, volume, from, to);
  await onSwapped?.();
  try {
    await updateOnly(cli, stack, release);
  } catch (error) {
    const cause = error instanceof UserError ? error.message : String(error);
    const back = await goBack(cli, stack, swap).catch((second: Error) => {
      throw new UserError(
        `release ${release} does not run on volume ${to}: ${cause}\n  The way back to ${from} failed as well: ${second.message}\n` +
          `  Both volumes are there. See what serves: npm run status -- --stack ${stack}\n` +
          `  To have one of them served: npm run restore -- ${volume} --kept <volume> --stack ${stack}`,
      );
    });
    if (!back) throw error;
    throw new UserError(
      `release ${release} does not run on the volume that was to take the place, so the live data are as before: ${cause}\n  The other data are in volume ${to}. Once npm run up has removed what failed, npm run prune -- --with-data --stack ${stack} deletes them`,
    );
  }
}

/** Has the record name the volume of before again. Returns false where the other one serves: then something after the switch has failed. */
async function goBack(cli: PulumiCli, stack: string, { volume, from, to, release, exclusive }: Swap): Promise<boolean> {
  const { volumes, accessories = {} } = await readOutputs(cli, stack);
  if ([...volumes.map(({ name }) => name), ...Object.values(accessories).map((accessory) => accessory.volume)].includes(to)) return false;
  await rename(cli, stack, volume, to, from);
  if (exclusive) await updateOnly(cli, stack, release);
  return true;
}

async function rename(cli: PulumiCli, stack: string, volume: string, from: string, to: string): Promise<void> {
  await refuseIfHeld(cli, stack);
  const folder = await mkdtemp(join(tmpdir(), "berth-swap-"));
  try {
    const file = join(folder, "record.json");
    await writeFile(file, withVolume(await cli.read(["stack", "export", "--stack", stack]), volume, from, to), { mode: 0o600 });
    await cli.read(["stack", "import", "--stack", stack, "--file", file]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** An update that brings nothing else live: the release is pinned in a copy of the settings file. */
async function updateOnly(cli: PulumiCli, stack: string, release: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "berth-swap-"));
  try {
    const settings = join(folder, "Pulumi.yaml");
    await copyFile(settingsFile(cli.root, stack), settings);
    const pin = ["--config-file", settings, "--config", `berth:release=${release}`];
    await update(cli, stack, ["up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", stack, ...pin], { agreed: true });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
