/** Which stack a command works on, and what that stack says of itself. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { closest } from "fastest-levenshtein";
import type { AccessoryRecord } from "../release/accessoryRecord.ts";
import type { Release } from "../release/ledger.ts";
import { UserError } from "../settings/userError.ts";
import type { PulumiCli } from "./pulumiCli.ts";
import { outputsInFile, recordInFile, stacksInFiles } from "./stateFile.ts";

/** The stack of a newcomer: works without configuration. */
export const DEFAULT_STACK = "dev";

/** The outputs of `index.ts`, as a command sees them. */
export interface Outputs {
  readonly url: string;
  readonly release: string;
  readonly image: string;
  readonly replicas: readonly string[];
  readonly volumes: readonly { readonly name: string; readonly target: string }[];
  readonly strategy: string;
  /** By name; `container` is null where only the data are left. */
  readonly accessories?: Readonly<Record<string, AccessoryRecord & { readonly volume: string }>>;
  readonly releases: readonly Release[];
  /** Names of the secrets that are set; missing where an earlier Berth made the last update. */
  readonly secrets?: readonly string[];
  /** The release that is tried beside the live one. */
  readonly canary?: {
    readonly release: string;
    readonly replicas: readonly string[];
    readonly verdict: "good" | "held" | "";
    readonly promote: boolean;
  };
}

interface Listed {
  readonly name: string;
  readonly current: boolean;
}

const list = async (pulumi: PulumiCli): Promise<readonly Listed[]> =>
  (await stacksInFiles(pulumi)) ?? (JSON.parse(await pulumi.read(["stack", "ls", "--json"])) as Listed[]);
const selected = (stacks: readonly Listed[]) => stacks.find(({ current }) => current)?.name ?? DEFAULT_STACK;

/** The stack that was asked for, else the selected one, else `dev`: for commands that need it to be there. */
export async function chooseStack(pulumi: PulumiCli, asked: string | undefined): Promise<string> {
  return asked ?? selected(await list(pulumi));
}

/**
 * Like `chooseStack`; a stack that has a settings file and is not there yet is made.
 * @throws UserError for a stack without one, with the nearest name that has one
 */
export async function makeStack(pulumi: PulumiCli, asked: string | undefined): Promise<string> {
  if (asked !== undefined && (await recordInFile(pulumi, asked)) !== undefined) return asked;
  const stacks = await list(pulumi);
  const name = asked ?? selected(stacks);
  if (stacks.some((stack) => stack.name === name || stack.name.endsWith(`/${name}`))) return name;
  if (!existsSync(join(pulumi.root, `Pulumi.${name}.yaml`))) {
    const known = (await readdir(pulumi.root)).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
    throw new UserError(
      `there is no stack "${name}": did you mean ${closest(name, known)}? A new one starts with a file Pulumi.${name}.yaml, which may be empty.`,
    );
  }
  await pulumi.read(["stack", "init", name, ...(asked ? ["--no-select"] : [])]);
  return name;
}

/** The stack that was asked for, else the selected one, else `dev`, with its outputs. @throws UserError where nothing was ever live */
export async function openStack(pulumi: PulumiCli, asked: string | undefined): Promise<{ stack: string; outputs: Outputs }> {
  const stack = await chooseStack(pulumi, asked);
  return { stack, outputs: await readOutputs(pulumi, stack) };
}

/** The stack's record as `pulumi stack export` gives it, secrets in cipher. @throws UserError where there is none */
export const readRecord = async (pulumi: PulumiCli, stack: string): Promise<string> =>
  (await recordInFile(pulumi, stack)) ?? pulumi.read(["stack", "export", "--stack", stack]);

/** The stack that was asked for, else the selected one, else `dev`, with its record. @throws UserError where there is none */
export async function exportStack(pulumi: PulumiCli, asked: string | undefined): Promise<{ stack: string; exported: string }> {
  const stack = await chooseStack(pulumi, asked);
  return { stack, exported: await readRecord(pulumi, stack) };
}

/** The outputs of this stack. @throws UserError where nothing was ever live */
export async function readOutputs(pulumi: PulumiCli, stack: string): Promise<Outputs> {
  const outputs =
    (await outputsInFile(pulumi, stack)) ?? (JSON.parse(await pulumi.read(["stack", "output", "--json", "--stack", stack])) as object);
  return checkOutputs(outputs, stack);
}

/** @throws UserError where nothing was ever live */
export function checkOutputs(outputs: Partial<Outputs>, stack: string | undefined): Outputs {
  if (!outputs.release || !outputs.releases) throw new UserError(`nothing is live on stack ${stack} yet: npm run up -- --stack ${stack}`);
  return outputs as Outputs;
}
