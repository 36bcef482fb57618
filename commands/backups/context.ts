/** What the commands for backups work on: one stack with its settings, its volumes and its engine. */
import { LABEL, type Owner } from "../../release/labels.ts";
import { type BackupsSettings, parseSettings, type RawValue, type VolumeBackup } from "../../settings/settings.ts";
import { thisMachine } from "../../toolchain/machine.ts";
import { backupNeeds } from "../../toolchain/needs.ts";
import { setUp } from "../../toolchain/setup.ts";
import { UserError } from "../shared/cli.ts";
import { openEngine } from "../../engine/openEngine.ts";
import type { PulumiCli } from "../../stack/pulumiCli.ts";
import { checkOutputs, exportStack, type Outputs } from "../../stack/stack.ts";
import { type Declared, readDeclared } from "../../stack/record.ts";

export interface Context {
  readonly cli: PulumiCli;
  readonly stack: string;
  readonly owner: Owner;
  readonly backups: BackupsSettings;
  /** The volumes that are backed up. */
  readonly volumes: readonly VolumeBackup[];
  readonly declared: Declared;
  readonly outputs: Outputs;
}

/**
 * Reads the stack, and provides the image of restic where it is missing.
 * @throws UserError where the stack has no backups, or nothing was ever live
 */
export async function openBackups(cli: PulumiCli, asked: string | undefined): Promise<Context> {
  const configOf = (stack: string) => cli.read(["config", "--json", "--show-secrets", "--stack", stack]);
  const [{ stack, exported }, config] =
    asked === undefined
      ? await exportStack(cli, asked).then(async (found) => [found, await configOf(found.stack)] as const)
      : await Promise.all([exportStack(cli, asked), configOf(asked)]); // each takes half a second
  const owner = await openEngine(cli, stack);
  const { backups, volumeBackups: volumes } = settingsOf(config, owner.stack);
  if (!backups)
    throw new UserError(
      `stack ${stack} has no backups: say where they go with npm run pulumi -- config set --path berth:backups.target <folder> --stack ${stack} (docs/guides/backups.md)`,
    );
  const declared = readDeclared(exported);
  const outputs = checkOutputs(declared.outputs, stack);
  await setUp(cli.root, { needs: backupNeeds(thisMachine(cli.root)) });
  return { cli, stack, owner, backups, volumes, declared, outputs };
}

/** Settings out of `pulumi config --json`. @throws UserError where they are refused */
export function settingsOf(config: string, stack: string): ReturnType<typeof parseSettings> {
  const values = JSON.parse(config) as Readonly<Record<string, { readonly value: string; readonly secret: boolean }>>;
  const raw: Record<string, RawValue> = {};
  for (const [key, { value, secret }] of Object.entries(values)) {
    if (key.startsWith("berth:")) raw[key.slice("berth:".length)] = { text: value, secret };
  }
  try {
    return parseSettings(raw, stack);
  } catch (error) {
    throw new UserError((error as Error).message);
  }
}

/** The volumes that were asked for, else all that are backed up. @throws UserError for one that is not */
export function chooseVolumes({ volumes, stack }: Context, asked: readonly string[]): VolumeBackup[] {
  const known = volumes.map(({ volume }) => volume).join(", ") || "none";
  if (volumes.length === 0)
    throw new UserError(
      `no volume of stack ${stack} is backed up: npm run pulumi -- config set --path 'berth:volumes[0].backup.keep' 7 --stack ${stack}`,
    );
  const strange = asked.find((name) => !volumes.some(({ volume }) => volume === name));
  if (strange !== undefined) throw new UserError(`stack ${stack} has no volume ${strange} that is backed up (known: ${known})`);
  return volumes.filter(({ volume }) => asked.length === 0 || asked.includes(volume));
}

/** The engine's name of a volume. @throws UserError where no release that went live has it */
export function engineNameOf(context: Pick<Context, "declared" | "outputs" | "stack">, volume: string): string {
  const { declared, stack } = context;
  const name =
    existingOf(context, volume) ?? declared.volumes.find(({ part, labels }) => part === "data" && labels[LABEL.volume] === volume)?.name;
  if (name === undefined) throw new UserError(`stack ${stack} has no volume ${volume} yet: npm run up -- --stack ${stack}`);
  return name;
}

/** Where the live release mounts a volume that Berth did not make: the engine's name of it. */
export const existingOf = ({ outputs }: Pick<Context, "outputs">, volume: string): string | undefined =>
  outputs.releases.find(({ name }) => name === outputs.release)?.settings.volumes.find(({ name }) => name === volume)?.existing;
