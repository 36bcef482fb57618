/** The project's name, as Pulumi.yaml has it. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parse } from "yaml";
import { UserError } from "../toolchain/userError.ts";

export async function projectName(root: string): Promise<string> {
  return (parse(await readFile(join(root, "Pulumi.yaml"), "utf8")) as { name: string }).name;
}

/** The settings file of a stack, whose name may be led by those of its organization and project. */
export const settingsFile = (root: string, stack: string): string => join(root, `Pulumi.${stack.split("/").at(-1)}.yaml`);

/** The engine's address that the stack's settings file names; undefined where it names none. @throws UserError where that is no YAML */
export async function configuredEngine(root: string, stack: string): Promise<string | undefined> {
  const file = settingsFile(root, stack);
  const text = await readFile(file, "utf8").catch(() => "");
  try {
    const host = (parse(text) as { config?: Readonly<Record<string, unknown>> } | null)?.config?.["docker:host"];
    return typeof host === "string" ? host : undefined;
  } catch (error) {
    throw new UserError(`${basename(file)} cannot be read, mend it: ${(error as Error).message.trimEnd()}`);
  }
}

/** The stack's configuration as the files have it: the project's values, and the stack's own over them. */
export async function readConfig(root: string, stack: string): Promise<Record<string, unknown>> {
  const [project, own] = await Promise.all([join(root, "Pulumi.yaml"), settingsFile(root, stack)].map(async (file) => {
    const text = await readFile(file, "utf8").catch(() => ""); // a stack without settings may have no file
    return (parse(text) as { config?: Record<string, unknown> } | null)?.config ?? {};
  }));
  const values = Object.entries(project ?? {}).map(([key, entry]) => [key, (entry as { value?: unknown }).value ?? entry]);
  return { ...(Object.fromEntries(values) as Record<string, unknown>), ...own };
}
