/** How large volumes are, asked of the engine, which counts every file. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** So long may the counting take, in milliseconds. */
const PATIENCE = 10_000;

/** Sizes in the engine's words, such as "1.2GB", by the volumes' names; undefined where counting takes too long. */
export async function volumeSizes(): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    const { stdout } = await promisify(execFile)("docker", ["system", "df", "--verbose", "--format", "{{json .Volumes}}"], { timeout: PATIENCE, maxBuffer: 64 * 1024 ** 2 });
    return parseSizes(stdout);
  } catch {
    return undefined;
  }
}

/** Pure. */
export function parseSizes(json: string): Map<string, string> {
  const volumes = (JSON.parse(json) ?? []) as { readonly Name: string; readonly Size: string }[];
  return new Map(volumes.map(({ Name, Size }) => [Name, Size]));
}
