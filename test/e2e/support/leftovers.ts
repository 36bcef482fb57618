/** Removes what tests left on the engine: their own at the end, and that of runs which were cut off. */
import { execFile } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

async function docker(env: NodeJS.ProcessEnv, ...words: string[]): Promise<string[]> {
  return (await run("docker", words, { env })).stdout.split("\n").filter(Boolean);
}

/** Removes every container, volume, network and image with this stack's label. */
export async function removeLeftovers(stack: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const mine = ["--filter", `label=berth.stack=${stack}`];
  for (const [list, remove] of [
    [["ps", "--all", "--quiet"], ["rm", "--force", "--volumes"]],
    [["volume", "ls", "--quiet"], ["volume", "rm"]],
    [["network", "ls", "--quiet"], ["network", "rm"]],
    [["image", "ls", "--quiet"], ["image", "rm", "--force"]],
  ] as const) {
    const found = [...new Set(await docker(env, ...list, ...mine))];
    if (found.length > 0) await docker(env, ...remove, ...found);
  }
}

/** Removes what a test run left that was killed: its process is gone, its stack's name tells which it was. */
export async function sweep(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const labels = await docker(env, "ps", "--all", "--format", '{{.Label "berth.stack"}}');
  const volumes = await docker(env, "volume", "ls", "--format", '{{.Label "berth.stack"}}');
  for (const stack of new Set([...labels, ...volumes])) {
    const owner = /^[a-z]+-(\d+)-[0-9a-f]{4}$/.exec(stack)?.[1];
    if (owner && !isAlive(Number(owner))) await removeLeftovers(stack, env);
  }
  for (const entry of await readdir(tmpdir())) {
    if (entry.startsWith("berth-e2e-") && (await isAbandoned(join(tmpdir(), entry)))) await rm(join(tmpdir(), entry), { recursive: true, force: true });
  }
}

/** A copy of the project names its owner in its stack's file. */
async function isAbandoned(folder: string): Promise<boolean> {
  const owner = (await readdir(folder)).map((file) => /^Pulumi\.[a-z]+-(\d+)-[0-9a-f]{4}\.yaml$/.exec(file)?.[1]).find(Boolean);
  return owner !== undefined && !isAlive(Number(owner));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
