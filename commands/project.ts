/** The project's name, as Pulumi.yaml has it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";

export async function projectName(root: string): Promise<string> {
  return (parse(await readFile(join(root, "Pulumi.yaml"), "utf8")) as { name: string }).name;
}

/** The engine's address that the stack's settings file names; undefined where it names none. */
export async function configuredEngine(root: string, stack: string): Promise<string | undefined> {
  const text = await readFile(join(root, `Pulumi.${stack.split("/").at(-1)}.yaml`), "utf8").catch(() => "");
  const host = (parse(text) as { config?: Readonly<Record<string, unknown>> } | null)?.config?.["docker:host"];
  return typeof host === "string" ? host : undefined;
}
