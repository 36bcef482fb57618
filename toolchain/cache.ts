import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** How old a lock of a run that was cut off may get before another run takes it over, in seconds. */
const STALE_LOCK_SECONDS = 10;

/** Where set-up keeps what it built: $BERTH_CACHE, else $XDG_CACHE_HOME/berth, else ~/.cache/berth. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  return env.BERTH_CACHE || join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "berth");
}

/** A key for a cache entry: equal for equal parts, in their order. */
export function cacheKey(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex").slice(0, 16);
}

/** The folder of an entry, whether it is there or not. An entry that is there is complete. */
export function entryFolder(cache: string, name: string, key: string): string {
  return join(cache, `${name}-${key}`);
}

/**
 * Makes an entry unless it is there, and returns its folder. `build` fills an empty folder; only when it has succeeded
 * does that folder become the entry, in one step. Runs at the same time wait for each other; what a run that was cut
 * off has left is cleared away.
 */
export async function makeEntry(
  cache: string,
  name: string,
  key: string,
  build: (folder: string) => Promise<void>,
  onWait: () => void = () => {},
): Promise<string> {
  const entry = entryFolder(cache, name, key);
  if (existsSync(entry)) return entry;
  return withLock(cache, name, onWait, async () => {
    await clearUnfinished(cache, name);
    if (existsSync(entry)) return entry;
    const unfinished = join(cache, "unfinished", `${name}-${randomBytes(6).toString("hex")}`);
    await mkdir(unfinished, { recursive: true });
    await build(unfinished);
    await rename(unfinished, entry);
    return entry;
  });
}

/** Runs `action` while no other run on this machine holds the lock `name`. `onWait` is called once if one does. */
export async function withLock<T>(cache: string, name: string, onWait: () => void, action: () => Promise<T>): Promise<T> {
  const { default: lockfile } = await import("proper-lockfile"); // few runs lock anything
  const locks = join(cache, "locks");
  await mkdir(locks, { recursive: true });
  const options = {
    realpath: false,
    stale: STALE_LOCK_SECONDS * 1000,
    // A machine that slept may lose the lock. Entries are moved in whole, so the worst case is work done twice.
    onCompromised: () => {},
  };
  const file = join(locks, name);
  const release = await lockfile.lock(file, options).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ELOCKED") throw error;
    onWait();
    const forever = { forever: true, minTimeout: 250, maxTimeout: 250 };
    return lockfile.lock(file, { ...options, retries: forever });
  });
  try {
    return await action();
  } finally {
    await release().catch(() => {}); // lost while the machine slept
  }
}

/** Removes the folders that runs cut off in the middle have left. Only the holder of the entry's lock may call it. */
async function clearUnfinished(cache: string, name: string): Promise<void> {
  const folder = join(cache, "unfinished");
  const names = await readdir(folder).catch(() => []);
  const left = names.filter((file) => file.startsWith(`${name}-`) && file.length === name.length + 13);
  await Promise.all(left.map((file) => rm(join(folder, file), { recursive: true, force: true })));
}
