/** The project's name, as Pulumi.yaml has it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { UserError } from "./cli.ts";

export async function projectName(root: string): Promise<string> {
  return (parse(await readFile(join(root, "Pulumi.yaml"), "utf8")) as { name: string }).name;
}

/** The engine's address that the stack's settings file names; undefined where it names none. @throws UserError where that is no YAML */
export async function configuredEngine(root: string, stack: string): Promise<string | undefined> {
  const file = `Pulumi.${stack.split("/").at(-1)}.yaml`;
  const text = await readFile(join(root, file), "utf8").catch(() => "");
  try {
    const host = (parse(text) as { config?: Readonly<Record<string, unknown>> } | null)?.config?.["docker:host"];
    return typeof host === "string" ? host : undefined;
  } catch (error) {
    throw new UserError(`${file} cannot be read, mend it: ${(error as Error).message.trimEnd()}`);
  }
}
