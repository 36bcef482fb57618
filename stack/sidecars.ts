/** Files with attributes that Pulumi's file backend writes beside its own, and not in one go. */
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

/**
 * Removes the attributes that a killed Pulumi has written by half: with them every later command on the stack ends with
 * "EOF", and without them none misses anything. The state itself is always whole.
 * @param folder of the file backend
 */
export async function removeHalfWritten(folder: string): Promise<void> {
  for (const kind of ["stacks", "locks"]) {
    const within = join(folder, ".pulumi", kind);
    const names = await readdir(within, { recursive: true }).catch(() => []); // nothing is there before the first stack
    for (const file of names.filter((name) => name.endsWith(".attrs")).map((name) => join(within, name))) {
      if (!isWhole(await readFile(file, "utf8").catch(() => "{}"))) await rm(file, { force: true });
    }
  }
}

/** Whether a file of the backend can be read. Pure. */
export function isWhole(record: string): boolean {
  try {
    return typeof JSON.parse(record) === "object";
  } catch {
    return false;
  }
}
