/**
 * Pulumi's record where the backend is a folder, read from the file that Pulumi keeps it in: its command line takes a tenth of a second for
 * each such question, and a command asks three. Whatever is not just as expected is left to Pulumi. Layout: Pulumi 3.259.0, backend/diy,
 * version 1.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { stateFolder } from "./backend.ts";
import type { PulumiCli } from "./pulumiCli.ts";
import { projectName } from "./settingsFile.ts";

type Cli = Pick<PulumiCli, "root" | "env">;

/** Marks a secret among outputs. */
const SECRET = "4dabf18193072939515e22adb298388d";

interface Stored {
  readonly version: number;
  readonly checkpoint?: { readonly latest?: unknown };
}

/**
 * The text of `pulumi stack export`; undefined where only Pulumi can tell.
 * @param stack its plain name, or one led by those of its organization and project
 */
export async function recordInFile(cli: Cli, stack: string): Promise<string | undefined> {
  const folder = await stacksFolder(cli);
  if (folder === undefined) return undefined;
  const text = await textOf(join(folder, `${stack.split("/").at(-1)}.json`));
  const stored = text === undefined ? undefined : parsed<Stored>(text);
  if (stored?.version !== 3 || stored.checkpoint === undefined) return undefined;
  return JSON.stringify({ version: 3, deployment: stored.checkpoint.latest ?? {} });
}

/** What `pulumi stack output --json` says; undefined where only Pulumi can tell. */
export async function outputsInFile(cli: Cli, stack: string): Promise<Record<string, unknown> | undefined> {
  const exported = await recordInFile(cli, stack);
  if (exported === undefined) return undefined;
  const { deployment } = JSON.parse(exported) as {
    deployment: { resources?: readonly { type: string; outputs?: Record<string, unknown> }[] };
  };
  const outputs = deployment.resources?.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, isSecret(value) ? "[secret]" : value]));
}

const isSecret = (value: unknown): boolean => typeof value === "object" && value !== null && SECRET in value;

/** The stacks of the project and which is selected, as `pulumi stack ls` has them; undefined where only Pulumi can tell. */
export async function stacksInFiles(cli: Cli): Promise<{ readonly name: string; readonly current: boolean }[] | undefined> {
  const folder = await stacksFolder(cli);
  if (folder === undefined || cli.env["PULUMI_STACK"]) return undefined;
  const names = (await readdir(folder).catch(() => undefined))?.flatMap((file) => /^(.+)\.json$/.exec(file)?.[1] ?? []);
  const selected = await selectedStack(cli);
  return names && selected !== undefined ? names.map((name) => ({ name, current: name === selected })) : undefined;
}

/** The plain name of the selected stack; undefined where none is, or the file that says so is not as expected. */
async function selectedStack({ root, env }: Cli): Promise<string | undefined> {
  const hash = createHash("sha1").update(join(root, "Pulumi.yaml")).digest("hex");
  const home = env["PULUMI_HOME"] || join(env["HOME"] || homedir(), ".pulumi");
  const text = await textOf(join(home, "workspaces", `${await projectName(root)}-${hash}-workspace.json`));
  const { stack, stacks } = (text === undefined ? undefined : parsed<{ stack?: string; stacks?: Record<string, string> }>(text)) ?? {};
  const url = env["PULUMI_BACKEND_URL"];
  return ((url === undefined ? undefined : stacks?.[url]) ?? stack)?.split("/").at(-1);
}

/** The folder with the records of the project's stacks; undefined where it is not as expected. */
async function stacksFolder(cli: Cli): Promise<string | undefined> {
  const state = await stateFolder(cli);
  if (state === undefined) return undefined;
  const meta = await textOf(join(state, ".pulumi", "meta.yaml"));
  if (meta?.trim() !== "version: 1") return undefined;
  return join(state, ".pulumi", "stacks", await projectName(cli.root));
}

/** Undefined where the file cannot be read: Pulumi will say why. */
const textOf = (file: string): Promise<string | undefined> => readFile(file, "utf8").catch(() => undefined);

function parsed<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
