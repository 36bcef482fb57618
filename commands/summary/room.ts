/** Whether old and new fit side by side on the engine's host: memory and disk. */
import { statfs } from "node:fs/promises";
import { freemem, hostname, release as kernel, totalmem } from "node:os";
import { EngineError } from "../../docker/engineError.ts";
import { engineInfo, type Info } from "../../engine/engine.ts";
import { findImage } from "../../engine/images.ts";
import type { Changes, Operation } from "./operations.ts";

/** Memory or disk, in bytes; null where it cannot be known from here. */
export interface Need {
  /** What the update takes beside all that runs already. Of memory: the limits, which the containers need not reach. */
  readonly needed: number | null;
  readonly free: number | null;
  readonly fits: boolean | null;
}

export interface Room {
  readonly memory: Need;
  readonly disk: Need;
}

/** What the engine's host has, in bytes; null where it cannot be known from here. */
export interface Host {
  readonly totalMemory: number | null;
  readonly freeMemory: number | null;
  readonly freeDisk: number | null;
  /** Size of the image that is live; null where nothing is, too. */
  readonly liveImage: number | null;
}

/** Asks the engine, and this machine where the engine runs on it. Call it once the engine is chosen (`openEngine`). */
export async function askHost({ now }: Pick<Changes, "now">): Promise<Host> {
  const image = now.releases?.find(({ name }) => name === now.release)?.image;
  const [info, live] = await Promise.all([orUnknown(engineInfo()), image ? orUnknown(findImage(image)) : undefined]);
  const local = info !== undefined && isHere(info);
  return {
    totalMemory: info?.MemTotal || null,
    freeMemory: local ? freemem() : null, // on Linux what is available, with what caches would give back
    freeDisk: local
      ? await statfs(info.DockerRootDir).then(
          ({ bavail, bsize }) => bavail * bsize,
          () => null,
        )
      : null,
    liveImage: live?.Size || null,
  };
}

/** What the engine does not tell is unknown, and no reason for a preview to fail at its end. */
async function orUnknown<T>(question: Promise<T>): Promise<T | undefined> {
  try {
    return await question;
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

/** A socket of this machine may lead to another one, so its name alone is no proof. */
const isHere = ({ Name, MemTotal, KernelVersion }: Info): boolean =>
  Name === hostname() && MemTotal === totalmem() && KernelVersion === kernel();

/** Holds what the update takes against what is there. Pure. */
export function roomFor(changes: Changes, host: Host): Room {
  const memory = memoryNeeded(changes);
  const builds = changes.operations.some(({ part, kind, action }) => part === "AppImage" && kind === "RemoteImage" && action === "create");
  const disk = builds ? host.liveImage : 0;
  return {
    memory: { needed: memory, free: host.freeMemory, fits: memory === null ? null : memoryFits(memory, host) },
    disk: { needed: disk, free: host.freeDisk, fits: disk === null || host.freeDisk === null ? null : disk <= host.freeDisk },
  };
}

/** More than a host has in all does not fit, whatever of it is free. */
function memoryFits(needed: number, { freeMemory, totalMemory }: Host): boolean | null {
  if (freeMemory !== null) return needed <= freeMemory;
  return totalMemory !== null && needed > totalMemory ? false : null;
}

/** Limits of all containers that are made, without those that make room first; null where a limit is not known yet. */
function memoryNeeded({ operations, then }: Changes): number | null {
  const stopsFirst = then.releases?.find(({ name }) => name === then.release)?.settings.strategy === "recreate";
  const containers = operations.filter(({ kind }) => kind === "Container");
  const made = containers.filter(({ action }) => action === "create").map(({ after }) => limitOf(after));
  const makesRoom = ({ action, part }: Operation) => action === "delete" && (stopsFirst || part === "Gateway" || part === "Accessory");
  const gone = containers.filter(makesRoom).map(({ before }) => limitOf(before) ?? 0);
  if (made.includes(undefined)) return null;
  return Math.max(0, sum(made.map((limit) => limit ?? 0)) - sum(gone));
}

/** Bytes; undefined where the preview cannot know it yet, or there is none. */
const limitOf = ({ memory }: Operation["after"]): number | undefined => (typeof memory === "number" ? memory * 1024 ** 2 : undefined);
const sum = (all: readonly number[]): number => all.reduce((bytes, one) => bytes + one, 0);
