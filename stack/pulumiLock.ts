/** Who holds a stack: the lock files of Pulumi's file backend. Other backends keep their locks to themselves. */
import { readdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { ageInWords } from "../settings/units.ts";
import { stateFolder } from "./backend.ts";
import { UserError } from "../settings/userError.ts";
import { findProcess, isAlive, type Running } from "./processes.ts";
import { projectName } from "./settingsFile.ts";
import type { PulumiCli } from "./pulumiCli.ts";

export interface Lock {
  readonly file: string;
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  /** When it was taken, in ISO 8601. */
  readonly timestamp: string;
}

/** A lock whose process is `dead` may go; `here` and `elsewhere` say where the process is that may still be at work. */
export type Holder = "dead" | "here" | "elsewhere";

/** What is known of the processes of this machine. */
export interface Processes {
  readonly alive: (pid: number) => boolean;
  readonly find: (pid: number) => Running | undefined;
}

const REAL: Processes = { alive: isAlive, find: findProcess };

/** A process that began later than this after a lock was taken, in milliseconds, has not taken it: its id was used again. */
const LATER = 2000;

/**
 * Only a process of this machine can be proven dead: there is none with its id, or another one that has come since and
 * is no Pulumi. A Pulumi is believed to be the holder all the same, because the clock may have been set. Pure.
 */
export function holderOf(lock: Lock, host: string, { alive, find }: Processes): Holder {
  if (lock.hostname !== host) return "elsewhere";
  if (!alive(lock.pid)) return "dead";
  const now = find(lock.pid);
  return now && now.name !== "pulumi" && now.began > Date.parse(lock.timestamp) + LATER ? "dead" : "here";
}

/** Who, and for how long, such as "root on vm, process 123, for 2 min". Pure. */
export const whose = ({ username, hostname: host, pid, timestamp }: Lock, now: number): string =>
  `${username} on ${host}, process ${pid}, for ${ageInWords((now - Date.parse(timestamp)) / 1000)}`;

/** Why the stack cannot be changed now, and what to do. Pure. */
export function refusal(stack: string, lock: Lock, holder: Holder, now: number): string {
  const who = `stack ${stack} is held by another update (${whose(lock, now)}); nothing was changed.`;
  if (holder === "here") return `${who} Wait until it has ended and run this again; if it hangs, end it with: kill ${lock.pid}`;
  return `${who} If that update is over, take its lock away with: npm run pulumi -- cancel --stack ${stack}`;
}

/** The stack's locks, dead or alive; none where the backend is not a folder. */
export async function readLocks(cli: PulumiCli, stack: string): Promise<Lock[]> {
  const folder = await stateFolder(cli);
  if (folder === undefined) return [];
  const locks = join(folder, ".pulumi", "locks", "organization", await projectName(cli.root), stack.split("/").at(-1) ?? stack);
  const files = (await readdir(locks).catch(() => [])).filter((name) => name.endsWith(".json"));
  const texts = await Promise.all(files.map((name) => readFile(join(locks, name), "utf8").catch(() => "")));
  return texts.flatMap((text, index) =>
    text === "" ? [] : [{ ...(JSON.parse(text) as Omit<Lock, "file">), file: join(locks, files[index] ?? "") }],
  );
}

/** The lock of an update that may be at work on the stack just now. */
export const heldBy = async (cli: PulumiCli, stack: string): Promise<Lock | undefined> =>
  (await readLocks(cli, stack)).find((lock) => holderOf(lock, hostname(), REAL) !== "dead");

/** @throws UserError where another update may still be at work on the stack */
export async function refuseIfHeld(cli: PulumiCli, stack: string): Promise<void> {
  const lock = await heldBy(cli, stack);
  if (lock) throw new UserError(refusal(stack, lock, holderOf(lock, hostname(), REAL), Date.now()));
}

/** The locks that Pulumi names where it refuses to work on a stack; none where it has refused for another reason. Pure. */
export function locksIn(words: string): Lock[] {
  const named = words.matchAll(/^\s*(\S+): created by (.+)@(\S+) \(pid (\d+)\) at (\S+)$/gm);
  return [...named].map(([, file = "", username = "", host = "", pid, timestamp = ""]) => ({
    file,
    username,
    hostname: host,
    pid: Number(pid),
    timestamp,
  }));
}

/**
 * Takes away the locks that Pulumi has named in its refusal, where all their processes are proven dead: what a backend that is no folder
 * has,
 * only Pulumi knows. For whoever holds the stack on the engine. Returns whether there were any.
 * @throws UserError where another update may still be at work on the stack
 */
export async function clearNamedLocks(cli: PulumiCli, stack: string, words: string, processes = REAL): Promise<boolean> {
  const locks = locksIn(words);
  const at = locks.map((lock) => ({ lock, holder: holderOf(lock, hostname(), processes) })).find(({ holder }) => holder !== "dead");
  if (at) throw new UserError(refusal(stack, at.lock, at.holder, Date.now()));
  if (locks.length === 0) return false;
  await cli.read(["cancel", "--yes", "--stack", stack]); // all of them, which is no more than these: they refuse every other Pulumi
  for (const lock of locks) console.log(cleared(lock));
  return true;
}

const cleared = (lock: Lock): string => `An update was cut off (${whose(lock, Date.now())}): its process has ended, its lock is cleared.`;

/**
 * Takes away the locks of processes that are proven dead, one line each. Returns whether there were any.
 * @throws UserError where another update may still be at work on the stack
 */
export async function clearDeadLocks(cli: PulumiCli, stack: string): Promise<boolean> {
  await refuseIfHeld(cli, stack);
  let any = false;
  for (const lock of await readLocks(cli, stack)) {
    // This one file: `pulumi cancel` would also take away a lock that somebody has taken since.
    if (holderOf(lock, hostname(), REAL) !== "dead") continue;
    await Promise.all([rm(lock.file, { force: true }), rm(`${lock.file}.attrs`, { force: true })]);
    console.log(cleared(lock));
    any = true;
  }
  return any;
}
