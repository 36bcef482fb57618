/** Removes what tests left on the engine: their own at the end, and that of runs which were cut off. */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { isAlive } from "../../../stack/processes.ts";
import { cacheFolder } from "../../../toolchain/cache.ts";

const run = promisify(execFile);

async function docker(env: NodeJS.ProcessEnv, ...words: string[]): Promise<string[]> {
  return (await run("docker", words, { env })).stdout.split("\n").filter(Boolean);
}

/** How each kind of thing is listed, by ids and by names, and removed; what others are used by comes later. */
const KINDS = [
  { list: ["ps", "--all"], name: "{{.Names}}", remove: ["rm", "--force", "--volumes"] },
  { list: ["volume", "ls"], name: "{{.Name}}", remove: ["volume", "rm"] },
  { list: ["network", "ls"], name: "{{.Name}}", remove: ["network", "rm"] },
  { list: ["image", "ls"], name: "{{.Repository}}:{{.Tag}}", remove: ["image", "rm", "--force"] },
] as const;

/** Removes every container, volume, network and image with this stack's label. */
export async function removeLeftovers(stack: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  // The lock of a command that has just ended is removed by the engine, which lets nobody else do it meanwhile.
  const locks = () => docker(env, "ps", "--all", "--quiet", "--filter", `label=berth.stack=${stack}`, "--filter", "label=berth.part=lock");
  for (const end = Date.now() + 5000; Date.now() < end && (await locks()).length > 0;) await sleep(100);
  for (const { list, remove } of KINDS) {
    const found = [...new Set(await docker(env, ...list, "--quiet", "--filter", `label=berth.stack=${stack}`))];
    if (found.length > 0) await docker(env, ...remove, ...found);
  }
}

/** Variable with the id of the process that runs the tests; all that they start inherits it. */
export const RUN = "BERTH_TEST_RUN";
const MARK = new RegExp(`(?:^|\\0)${RUN}=(\\d+)\\0`);

/** The process that a test's stack belongs to, by its name; undefined for other stacks. Pure. */
export function ownerOf(stack: string): number | undefined {
  const owner = /^[a-z0-9]+-(\d+)-[0-9a-f]{4}$/.exec(stack)?.[1];
  return owner === undefined ? undefined : Number(owner);
}

/**
 * A file for each stack that tests have made on this machine and not removed yet: a name alone proves nothing, for a person's stack may
 * have one like it.
 */
const MADE = join(cacheFolder(process.env), "test-stacks");

/** Notes a stack before anything of it is made. */
export async function noteStack(stack: string): Promise<void> {
  await mkdir(MADE, { recursive: true });
  await writeFile(join(MADE, stack), "");
}

export const forgetStack = (stack: string): Promise<void> => rm(join(MADE, stack), { force: true });

/** The stacks that tests have made and that are still noted. */
const notedStacks = (): Promise<string[]> =>
  readdir(MADE).catch((error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? [] : Promise.reject(error)));

/** Removes what a test run left that was killed: it has noted its stack, and its process is gone. */
export async function sweep(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  await endStrays();
  for (const stack of await notedStacks()) {
    if (!isOfDead(ownerOf(stack))) continue;
    await removeLeftovers(stack, env);
    await forgetStack(stack);
  }
  for (const { list, name: format, remove } of KINDS) {
    const found = (await docker(env, ...list, "--format", format)).filter((name) =>
      isOfDead(/^berth-(?:stranger|e2e)-(\d+)\b/.exec(name)?.[1]),
    );
    if (found.length > 0) await docker(env, ...remove, ...found);
  }
  for (const entry of await readdir(tmpdir())) {
    const folder = join(tmpdir(), entry);
    if (isOfDead(/^berth-run-(\d+)$/.exec(entry)?.[1]) || (entry.startsWith("berth-e2e-") && (await isAbandoned(folder))))
      await removeFolder(folder);
  }
}

/** A folder of this run's for all its temporary files, those of the programs that it starts and kills included. */
export async function makeFolder(): Promise<void> {
  const folder = join(tmpdir(), `berth-run-${process.pid}`);
  await mkdir(folder, { recursive: true });
  process.env["TMPDIR"] = folder;
}

/** Also one that has something mounted below it. */
async function removeFolder(folder: string): Promise<void> {
  const mounts = (await readFile("/proc/mounts", "utf8").catch(() => "")).split("\n").map((line) => line.split(" ")[1] ?? "");
  for (const mount of mounts.filter((path) => path.startsWith(`${folder}/`))) await run("umount", ["--lazy", mount]);
  await rm(folder, { recursive: true, force: true });
}

const isOfDead = (owner: string | number | undefined): boolean => owner !== undefined && !isAlive(Number(owner));

/**
 * Ends what a test run has started and left, such as an update that would go on making containers. Does nothing where there is no /proc.
 */
async function endStrays(): Promise<void> {
  for (const pid of await readdir("/proc").catch(() => [])) {
    const environment = /^\d+$/.test(pid) ? await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "") : "";
    const owner = MARK.exec(environment)?.[1];
    if (owner !== undefined && Number(pid) !== process.pid && !isAlive(Number(owner)) && isAlive(Number(pid)))
      process.kill(Number(pid), "SIGKILL");
  }
}

/** A copy of the project names its owner in its stack's file. */
async function isAbandoned(folder: string): Promise<boolean> {
  return isOfDead(
    (await readdir(folder)).map((file) => ownerOf(/^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? "")).find((found) => found !== undefined),
  );
}
