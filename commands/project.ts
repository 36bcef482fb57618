/** The project's name, as Pulumi.yaml has it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";

export async function projectName(root: string): Promise<string> {
  return (parse(await readFile(join(root, "Pulumi.yaml"), "utf8")) as { name: string }).name;
}
