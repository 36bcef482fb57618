/** Whether old and new fit side by side on the engine's host: memory and disk. */
import { statfs } from "node:fs/promises";
import { freemem, hostname, release as kernel, totalmem } from "node:os";
import { docker } from "../../engine/containers.ts";
import type { Changes } from "./operations.ts";

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
  /** Size of the image that is live; null where nothing is. */
  readonly liveImage: number | null;
}

/** Asks the engine, and this machine where the engine runs on it. */
export async function askHost({ config, now }: Changes): Promise<Host> {
  const at = config["docker:host"] ? ["--host", config["docker:host"]] : [];
  const image = now.releases?.find(({ name }) => name === now.release)?.image;
  const [info, size] = await Promise.all([
    docker(...at, "info", "--format", "{{json .}}").then((text) => JSON.parse(text) as EngineInfo),
    image ? docker(...at, "image", "inspect", "--format", "{{.Size}}", image).catch(() => undefined) : undefined,
  ]);
  const local = isHere(info);
  return {
    totalMemory: info.MemTotal,
    freeMemory: local ? freemem() : null, // on Linux what is available, with what caches would give back
    freeDisk: local ? await statfs(info.DockerRootDir).then(({ bavail, bsize }) => bavail * bsize, () => null) : null,
    liveImage: size ? Number(size) : null,
  };
}

interface EngineInfo {
  readonly Name: string;
  readonly MemTotal: number;
  readonly KernelVersion: string;
  readonly DockerRootDir: string;
}

/** A socket of this machine may lead to another one, so its name alone is no proof. */
const isHere = ({ Name, MemTotal, KernelVersion }: EngineInfo): boolean => Name === hostname() && MemTotal === totalmem() && KernelVersion === kernel();

/** Holds what the update takes against what is there. Pure. */
export function roomFor(changes: Changes, host: Host): Room {
  const memory = memoryNeeded(changes);
  const builds = changes.operations.some(({ part, kind, action }) => part === "AppImage" && kind === "RemoteImage" && action === "create");
  const disk = builds ? host.liveImage : 0;
  const most = host.freeMemory ?? host.totalMemory;
  return {
    memory: { needed: memory, free: host.freeMemory, fits: most !== null && memory > most ? false : host.freeMemory === null ? null : true },
    disk: { needed: disk, free: host.freeDisk, fits: disk === null || host.freeDisk === null ? null : disk <= host.freeDisk },
  };
}

/** Limits of all containers that are made, without those that make room first. */
function memoryNeeded({ operations, then }: Changes): number {
  const stopsFirst = then.releases?.find(({ name }) => name === then.release)?.settings.strategy === "recreate";
  const containers = operations.filter(({ kind }) => kind === "Container");
  const sum = (all: Changes["operations"], inputs: "before" | "after") => all.reduce((bytes, operation) => bytes + Number(operation[inputs]["memory"] ?? 0) * 1024 ** 2, 0);
  const made = containers.filter(({ action }) => action === "create");
  const gone = containers.filter(({ action, part }) => action === "delete" && (stopsFirst || part === "Gateway" || part === "Accessory"));
  return Math.max(0, sum(made, "after") - sum(gone, "before"));
}
