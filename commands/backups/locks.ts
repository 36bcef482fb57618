/**
 * Locks of restic that nobody holds any more: what was killed leaves one, and restic never takes it away by itself. A lock has
 * the host name of the workspace that took it, which no other workspace ever has; where that is gone, so is its holder. restic
 * removes such a lock under that host name alone, and only where no process has the number in it: so the one that does it is the
 * first process of a container of that name, whose other numbers are above. Of other machines a lock is old that was not
 * renewed while it was waited for (restic renews every 5 min), and is older than 30 min by restic's own count.
 */
import { randomBytes } from "node:crypto";
import { engineInfo } from "../../engine/engine.ts";
import type { Result } from "../../engine/containers.ts";
import type { Owner } from "../../release/labels.ts";
import type { BackupsSettings } from "../../settings/settings.ts";
import { andThen } from "../shared/cleanUp.ts";
import { UserError } from "../shared/cli.ts";
import { hostPrefix, hostsThere } from "./hosts.ts";
import { EXIT, explain } from "./resticErrors.ts";
import { begin, READ_SECRETS } from "./session.ts";
import { alwaysWords, SECRETS, workspaceSpec } from "./workspaceSpec.ts";

export interface ResticLock {
  readonly id: string;
  /** In ISO 8601, by its holder's clock. */
  readonly time: string;
  readonly hostname: string;
  readonly pid: number;
}

/** restic takes an older one for left behind, in milliseconds. */
const OLD = 30 * 60_000;

export interface Facts {
  /** What the host names of this engine's workspaces begin with, and those that are there. */
  readonly prefix: string;
  readonly there: ReadonlySet<string>;
  /** Milliseconds since 1970, by the engine's clock. */
  readonly now: number;
  /** Ids of the locks of minutes ago. */
  readonly seen: ReadonlySet<string>;
}

export interface Clearance {
  /** Host names of workspaces that are gone, each with the highest process id in its locks. */
  readonly dead: ReadonlyMap<string, number>;
  /** Whether there are others that are too old. */
  readonly old: boolean;
}

/** What may be removed. Nothing may, where a lock looks old that somebody renews with a clock that is behind: it would go as well. Pure. */
export function clearanceOf(locks: readonly ResticLock[], { prefix, there, now, seen }: Facts): Clearance {
  const dead = locks.filter(({ hostname }) => hostname.startsWith(prefix) && !there.has(hostname));
  const old = locks.filter((lock) => !dead.includes(lock) && now - Date.parse(lock.time) > OLD);
  if (old.some(({ id }) => !seen.has(id))) return { dead: new Map(), old: false };
  const hosts = new Map<string, number>();
  for (const { hostname, pid } of dead) hosts.set(hostname, Math.max(pid, hosts.get(hostname) ?? 0));
  return { dead: hosts, old: old.length > 0 };
}

export interface Locked {
  readonly owner: Owner;
  readonly backups: BackupsSettings;
  /** Runs restic, whatever locks there are. */
  readonly once: (words: readonly string[]) => Promise<Result>;
  /** Runs again what was locked out. @param wait whether it waits for the lock, for longer than restic takes to renew one */
  readonly again: (wait: boolean) => Promise<Result>;
}

/**
 * Runs what was locked out once more: without the locks that nobody holds, and after those that somebody does.
 * @throws UserError @throws EngineError
 */
export async function freed(locked: Locked): Promise<Result> {
  const { backups, again } = locked;
  const before = await readLocks(locked);
  if (await clear(locked, before, new Set())) {
    const result = await again(false);
    if (result.code !== EXIT.locked) return result;
  }
  const who = [...new Set(before.map(({ hostname, pid }) => `process ${pid} on ${hostname}`))].join(" and ");
  console.error(`The repository at ${backups.target} is in use${who && ` by ${who}`}: waiting for it.`);
  const result = await again(true);
  if (result.code !== EXIT.locked) return result;
  return (await clear(locked, await readLocks(locked), new Set(before.map(({ id }) => id)))) ? again(false) : result;
}

/** Removes what may be removed, and says whether that was anything. */
async function clear(locked: Locked, locks: readonly ResticLock[], seen: ReadonlySet<string>): Promise<boolean> {
  const [info, there] = await Promise.all([engineInfo(), hostsThere()]);
  const { dead, old } = clearanceOf(locks, { prefix: hostPrefix(info), there, now: Date.parse(info.SystemTime), seen });
  for (const [host, pid] of dead) {
    console.error(`A backup or a drill was killed, and its lock is in the way: it is removed from ${locked.backups.target}.`);
    await unlockAs(locked, host, pid);
  }
  if (old && dead.size === 0) await succeeds(locked, ["unlock"]);
  return old || dead.size > 0;
}

async function readLocks(locked: Locked): Promise<ResticLock[]> {
  const list = async () => (await succeeds(locked, ["list", "locks", "--no-lock", "--quiet"])).split("\n").filter(Boolean);
  const locks: ResticLock[] = [];
  for (const id of await list()) {
    const { code, stdout, stderr } = await locked.once(["cat", "lock", id, "--no-lock", "--quiet"]);
    const isThere = code === 0 || (await list()).includes(id); // it may have been given back meanwhile
    if (code !== 0 && isThere) throw new UserError(explain(code, stderr, locked.backups.target));
    if (isThere) locks.push({ id, ...(JSON.parse(stdout) as Omit<ResticLock, "id">) });
  }
  return locks;
}

async function succeeds({ once, backups }: Locked, words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await once(words);
  if (code !== 0) throw new UserError(explain(code, stderr, backups.target));
  return stdout;
}

/** Has restic remove the locks of a workspace that is gone: a process that it could take for the holder cannot be there. */
async function unlockAs({ owner, backups }: Locked, host: string, pid: number): Promise<void> {
  const script = `${READ_SECRETS}
i=0; while [ $i -le ${pid} ]; do (:); i=$((i+1)); done
. ${SECRETS}/environment; exec restic "$@"`;
  const words = ["restic", ...alwaysWords(backups), "unlock"];
  const spec = workspaceSpec(owner, backups, { what: "unlock" }, { host, script, words, bare: true });
  const session = await begin(`${owner.project}-${owner.stack}-unlock-${randomBytes(3).toString("hex")}`, spec, backups);
  await andThen(async () => void (await session.ended), session.end);
}
