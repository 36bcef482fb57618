/** The project's name and the stack's configuration, as the files have them. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parse } from "yaml";
import { UserError } from "../settings/userError.ts";

type Config = Readonly<Record<string, unknown>>;

interface File {
  readonly name?: string;
  readonly config?: Config;
}

/** @throws UserError where Pulumi.yaml cannot be read, or names no project */
export async function projectName(root: string): Promise<string> {
  const { name } = await readYaml(join(root, "Pulumi.yaml"));
  if (name === undefined) throw new UserError(`Pulumi.yaml in ${root} names no project: add a line such as "name: berth"`);
  return name;
}

/** The settings file of a stack, whose name may be led by those of its organization and project. */
export const settingsFile = (root: string, stack: string): string => join(root, `Pulumi.${stack.split("/").at(-1)}.yaml`);

/**
 * The engine's address by the stack's settings file, else by Pulumi.yaml; "secret" where only Pulumi can read it, undefined where neither
 * has one. @throws UserError where one of them cannot be read
 */
export async function configuredEngine(root: string, stack: string): Promise<{ readonly host: string } | "secret" | undefined> {
  const host = (await readConfig(root, stack))["docker:host"];
  if (typeof host === "object" && host !== null && "secure" in host) return "secret";
  return typeof host === "string" ? { host } : undefined;
}

/** What the stack's own settings file says. @throws UserError where it cannot be read */
export const readOwnConfig = async (root: string, stack: string): Promise<Config> =>
  (await readYaml(settingsFile(root, stack))).config ?? {};

/**
 * The stack's configuration as the files have it: the project's values, and the stack's own over them.
 * @throws UserError where one cannot be read
 */
export async function readConfig(root: string, stack: string): Promise<Record<string, unknown>> {
  const [{ name, config: project }, own] = await Promise.all([readYaml(join(root, "Pulumi.yaml")), readOwnConfig(root, stack)]);
  const keyed = (key: string) => (key.includes(":") ? key : `${name}:${key}`);
  const values = Object.entries(project ?? {}).flatMap(([key, entry]) => projectValue(entry).map((value) => [keyed(key), value] as const));
  return { ...Object.fromEntries(values), ...own };
}

/** What Pulumi.yaml has for a key, if anything: the value itself, or in an entry that may also describe it. */
function projectValue(entry: unknown): unknown[] {
  const describes = typeof entry === "object" && entry !== null && ["value", "default", "type", "description"].some((key) => key in entry);
  if (!describes) return [entry];
  const { value, default: otherwise } = entry as { readonly value?: unknown; readonly default?: unknown };
  return [value ?? otherwise].filter((one) => one !== undefined);
}

/** What was read before: a command asks several times, and Pulumi.yaml takes 10 ms. */
const files = new Map<string, { readonly text: string; readonly content: File }>();

/** A file that is not there says nothing: a stack without settings may have none. */
async function readYaml(file: string): Promise<File> {
  try {
    const text = await readFile(file, "utf8");
    const known = files.get(file);
    if (known?.text === text) return known.content;
    const content = (parse(text) as File | null) ?? {};
    files.set(file, { text, content });
    return content;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new UserError(`${basename(file)} cannot be read, mend it: ${(error as Error).message.trimEnd()}`);
  }
}
