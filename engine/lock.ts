/**
 * One lock per stack, on the engine that the stack is on: whoever changes the stack holds it, from whatever machine and whatever
 * backend. It is a container of a fixed name, which the engine gives out once. Its only process reads the standard input of its
 * holder: when the holder dies, however it dies, the process ends and the engine removes the container.
 */
import { hostname, userInfo } from "node:os";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { EngineError } from "../docker/engineError.ts";
import { ageInWords } from "../settings/units.ts";
import { isAlive } from "../stack/processes.ts";
import { UserError } from "../settings/userError.ts";
import { IMAGES } from "../toolchain/versions.ts";
import { attachStdin, createContainer, findContainer, removeContainer, startContainer } from "./containers.ts";
import { engine, engineInfo } from "./engine.ts";
import { labels, type Owner } from "../release/labels.ts";

/** Who holds a stack. */
export interface Holder {
  /** The command, such as "up". */
  readonly what: string;
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  /** In ISO 8601. */
  readonly since: string;
}

export interface Lock {
  /** The engine's id of it: a program that works for the holder shows it. */
  readonly id: string;
  /** Fulfilled once it is held for certain: before that the stack may be looked at, and not changed. Rejected where it could not be had. */
  readonly held: Promise<void>;
  /** Aborted where the lock is lost before it is given back: the connection to the engine broke, or somebody removed it. */
  readonly lost: AbortSignal;
  /** Gives it back; the engine has removed it a moment later. */
  release(): void;
}

/** Label of the lock with its holder as JSON. */
const HOLDER = "berth.holder";
/** Variable by which a command tells what it starts which lock it holds. */
export const LOCK_VARIABLE = "BERTH_LOCK";
/** Seconds that a holder may take from making the container to starting it: one that does not was killed between the two. */
const STARTING = 20;
/** Seconds that the engine may take to remove a lock whose holder is gone. */
const LEAVING = 15;
/** Milliseconds between two looks. */
const LOOK_EVERY = 250;
const MEBIBYTE = 1024 ** 2;

export const lockName = ({ project, stack }: Owner): string => `${project}-${stack}-lock`;

/** Another one holds the stack. */
export class StackHeld extends UserError {}

/** Who, and for how long, such as "up by ada on laptop, process 4711, for 2 min". Pure. */
export const whose = ({ what, user, host, pid, since }: Holder, now: number): string =>
  `${what} by ${user} on ${host}, process ${pid}, for ${ageInWords((now - Date.parse(since)) / 1000)}`;

/**
 * Takes the stack's lock: from its end on nobody else does, and it is `held` a quarter of a second later.
 * @param what the command that wants it
 * @param wait seconds to wait for another holder. Default: not at all
 * @param onWait told once, where it has to wait
 * @throws StackHeld where another one holds it @throws EngineError
 */
export async function takeLock(owner: Owner, what: string, { wait = 0, onWait = (_: string): void => undefined } = {}): Promise<Lock> {
  const began = Date.now();
  let told = false;
  for (;;) {
    const id = await tryToMake(owner, what);
    if (id !== undefined) return hold(owner, id);
    const holder = await holderOf(owner);
    if (holder === undefined) continue; // it has gone meanwhile
    const isLeaving = hasDied(holder) && Date.now() - began < LEAVING * 1000; // the engine learns of it a moment later
    if (!isLeaving && Date.now() - began > wait * 1000) throw new StackHeld(refusal(owner, holder, wait));
    if (!told && !isLeaving) onWait(`Waiting for stack ${owner.stack}, which is held by ${whose(holder, Date.now())} ...`);
    told ||= !isLeaving;
    await sleep(LOOK_EVERY);
  }
}

/** Whether a holder is a process of this machine that is not there any more. */
const hasDied = ({ host, pid }: Holder): boolean => host === hostname() && !isAlive(pid);

/** Why the stack cannot be changed now, and what to do. Pure but for the time. */
function refusal({ stack }: Owner, holder: Holder, wait: number): string {
  const waited = wait > 0 ? ` It was waited for ${wait} s.` : "";
  return `stack ${stack} is held by ${whose(holder, Date.now())}; nothing was changed.${waited} Run this again when it has ended, or wait in line: --wait 10m`;
}

/** Who holds the stack; undefined where nobody does. @throws EngineError */
export async function holderOf(owner: Owner): Promise<Holder | undefined> {
  for (const began = Date.now(); ; await sleep(LOOK_EVERY)) {
    const lock = await findContainer(lockName(owner));
    if (lock === undefined) return undefined;
    const label = lock.Config.Labels[HOLDER];
    if (label === undefined)
      throw new UserError(
        `a container that is not Berth's is called ${lockName(owner)}, as the lock of stack ${owner.stack} would be: rename it`,
      );
    const { Status } = lock.State;
    const holder = JSON.parse(label) as Holder;
    if (Status === "running" || Status === "paused") return holder;
    const age = Status === "created" ? Date.parse((await engineInfo()).SystemTime) - Date.parse(lock.Created) : Infinity;
    if (age < STARTING * 1000 && !hasDied(holder)) return holder;
    // The engine removes one that has ended by itself; one that was never started has lost its holder before it held.
    if ((Status === "created" || Date.now() - began > LEAVING * 1000) && (await removeUnheld(lock.Id))) return undefined;
  }
}

/** Not by force: where its holder has started it meanwhile, it stays, and where this is quicker, its holder cannot start it. */
async function removeUnheld(id: string): Promise<boolean> {
  try {
    await engine().askWhether({ method: "DELETE", path: `/containers/${id}`, what: "to remove a lock that nobody holds" });
    return true;
  } catch (error) {
    if (error instanceof EngineError && error.status === 409) return false;
    throw error;
  }
}

/** Undefined where the name is taken. */
async function tryToMake(owner: Owner, what: string): Promise<string | undefined> {
  const holder: Holder = { what, user: userInfo().username, host: hostname(), pid: process.pid, since: new Date().toISOString() };
  try {
    return await createContainer(
      {
        Image: IMAGES.base,
        Entrypoint: ["cat"],
        Labels: labels(owner, "lock", { [HOLDER]: JSON.stringify(holder) }),
        OpenStdin: true,
        StdinOnce: true,
        AttachStdin: true,
        StopSignal: "SIGKILL", // cat is the first process and has no ear for another: a shutdown of the engine would wait for it
        User: "65534:65534",
        HostConfig: {
          AutoRemove: true,
          NetworkMode: "none",
          ReadonlyRootfs: true,
          CapDrop: ["ALL"],
          SecurityOpt: ["no-new-privileges:true"],
          Memory: 16 * MEBIBYTE,
          PidsLimit: 8,
          LogConfig: { Type: "none", Config: {} },
        },
      },
      lockName(owner),
    );
  } catch (error) {
    if (error instanceof EngineError && error.status === 409) return undefined;
    if (error instanceof EngineError && error.status === 404)
      throw new UserError(`the engine has no image ${IMAGES.base}, by which a stack is held: npm run setup`);
    await removeOwn(owner, holder).catch(() => undefined); // what made it fail tells more
    throw error;
  }
}

/** One that was made and whose answer was lost would be in everybody's way for a while. */
async function removeOwn(owner: Owner, holder: Holder): Promise<void> {
  const found = await findContainer(lockName(owner));
  if (found?.Config.Labels[HOLDER] === JSON.stringify(holder)) await removeUnheld(found.Id);
}

function hold(owner: Owner, id: string): Lock {
  const lost = new AbortController();
  let connection: Duplex | undefined;
  let released = false;
  const begin = async (): Promise<void> => {
    try {
      connection = await attachStdin(id);
      connection.on("error", () => undefined); // its end tells
      connection.on("close", () => {
        if (!released) lost.abort(new UserError(lostWords(owner)));
      });
      connection.resume();
      (connection as Partial<{ unref(): void }>).unref?.(); // to hold it is no reason to live
      await startContainer(id);
    } catch (error) {
      released = true;
      connection?.destroy();
      await removeContainer(id).catch(() => undefined); // what made it fail tells more, and the name is free in a few seconds
      throw error;
    }
  };
  const held = begin();
  held.catch(() => undefined); // whoever is about to change something asks
  return {
    id,
    held,
    lost: lost.signal,
    release: () => {
      released = true;
      connection?.destroy();
    },
  };
}

const lostWords = (owner: Owner): string =>
  `the lock of stack ${owner.stack} was lost: the connection to the engine broke, or somebody removed container ${lockName(owner)}`;
