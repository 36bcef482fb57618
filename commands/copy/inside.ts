/** A container or volume, as an archive of the engine reaches it. */
import { posix } from "node:path";
import { EngineError } from "../../docker/engineError.ts";
import type { Owner as FileOwner } from "../../engine/archive.ts";
import { createContainer, findContainers, getContainer, listContainers, removeContainer } from "../../engine/containers.ts";
import { engine } from "../../engine/engine.ts";
import { entryAt, MODE, statIn } from "../../engine/files.ts";
import { labels, ownedBy, type Owner } from "../../release/labels.ts";
import { findVolume } from "../../engine/volumes.ts";
import { IMAGES } from "../../toolchain/versions.ts";
import { UserError } from "../shared/cli.ts";
import type { Kind } from "./address.ts";
import type { Choice } from "./places.ts";

/** Where a place is: a container, and the folder in it that the place's paths begin at. */
export interface Inside {
  readonly container: string;
  /** The container's path for a path of the place. */
  at(path: string): string;
  /** Folders that can be written. */
  readonly writable: readonly string[];
  /** Removes what was made for the copy alone. */
  readonly close: () => Promise<void>;
}

/**
 * A volume is reached by way of a container that mounts it, or else of one that is never started.
 * @throws UserError for a volume that is not on the engine @throws EngineError
 */
export async function openInside(choice: Choice, owner: Owner): Promise<Inside> {
  if ("container" in choice) {
    const { Mounts } = await getContainer(choice.container);
    const writable = Mounts.filter(({ RW }) => RW).map(({ Destination }) => Destination);
    return { container: choice.container, at: (path) => path, writable, close: nothing };
  }
  const users = await listContainers({ ...ownedBy(owner), volume: [choice.volume] }, { all: true });
  for (const { Id, Mounts } of await findContainers(users.map((user) => user.Id))) {
    const mount = Mounts.find(({ Name, RW }) => Name === choice.volume && RW);
    if (mount) return { container: Id, at: within(mount.Destination), writable: ["/"], close: nothing };
  }
  return openHelper(choice.volume, owner);
}

const nothing = (): Promise<void> => Promise.resolve();
const FOLDER = "/volume";

/** A path of the volume as one of the container. */
const within =
  (folder: string) =>
  (path: string): string =>
    posix.join(folder, path);

async function openHelper(volume: string, owner: Owner): Promise<Inside> {
  // The engine would make an empty one for the mount.
  if (!(await findVolume(volume))) {
    const gone = `volume ${volume} is not on the Docker engine at ${engine().address.host}`;
    throw new UserError(`${gone}: what the stack has there says npm run status -- --stack ${owner.stack}`);
  }
  const container = await createContainer({
    Image: IMAGES.base,
    Cmd: ["never-started"],
    Labels: labels(owner, "helper"),
    HostConfig: {
      NetworkMode: "none",
      CapDrop: ["ALL"],
      ReadonlyRootfs: true,
      Mounts: [{ Type: "volume", Source: volume, Target: FOLDER }],
    },
  });
  return { container, at: within(FOLDER), writable: ["/"], close: async () => void (await removeContainer(container)) };
}

/** A path without what says that a folder, or its contents, is meant. */
const bare = (path: string): string => path.replace(/\/\.?$/, "") || "/";

/** What is at a path of a container; a symbolic link counts as what it leads to. @throws EngineError */
export async function kindAt(container: string, path: string): Promise<Kind> {
  const found = await statIn(container, bare(path));
  const stat = found && isA(found.mode, "link") ? await statIn(container, found.linkTarget) : found;
  return stat && (isA(stat.mode, "folder") ? "folder" : "file");
}

export interface Found {
  /** Where it is: a link that is to be followed leads there. */
  readonly path: string;
  /** What it is called where it was asked for. */
  readonly name: string;
  readonly kind: "folder" | "file";
}

/**
 * What is to be copied from a path: of a symbolic link the link, but behind "/" what it leads to, as with `cp -a`.
 * @param address the path in a person's words @throws UserError where there is nothing that could be copied @throws EngineError
 */
export async function findAt(container: string, path: string, address: string): Promise<Found> {
  const at = bare(path);
  const stat = await statIn(container, at);
  if (stat === undefined) throw new UserError(nothingAt(address));
  if (isA(stat.mode, "socket")) throw new UserError(`${address} is a socket: there is nothing in it to copy`);
  const name = posix.basename(at);
  if (isA(stat.mode, "link") && at !== path) return { ...(await findAt(container, stat.linkTarget, address)), name };
  return { path: at, name, kind: isA(stat.mode, "folder") ? "folder" : "file" };
}

const isA = (mode: number, kind: keyof typeof MODE): boolean => (mode & MODE[kind]) !== 0;

/** The owner of a folder; undefined where there is none. @throws EngineError */
export async function ownerOf(container: string, folder: string): Promise<FileOwner | undefined> {
  const entry = await entryAt(container, bare(folder));
  return entry && { uid: entry.uid ?? 0, gid: entry.gid ?? 0 };
}

const nothingAt = (address: string): string => `there is nothing at ${address} (a folder in memory, such as /tmp, cannot be reached)`;

/** The engine's words about a path, in a person's; undefined for others. Pure. */
export function explained(words: string, address: string, { writable }: Pick<Inside, "writable">): string | undefined {
  if (/No such container:path|Could not find the file|no such file or directory/i.test(words)) {
    return nothingAt(address);
  }
  if (/read-only/i.test(words))
    return `${address} cannot be written: ${writable.length > 0 ? `only what is below ${writable.join(" and ")} can` : "nothing in this container can"}`;
  if (/extraction point is not a directory/i.test(words)) return `${address} is no folder: an archive is unpacked into one`;
  const [, folder] = /cannot overwrite (?:non-)?directory "([^"]*)"/.exec(words) ?? [];
  if (folder !== undefined) {
    return `${address} was not written: a folder cannot take the place of a file, nor a file that of a folder (${folder})`;
  }
  return undefined;
}

/** @throws UserError in a person's words @throws EngineError where there are none for it */
export async function inWords<T>(address: string, inside: Pick<Inside, "writable">, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof EngineError) || error.failure !== "refused" || /^No such container: /.test(error.words)) throw error;
    const words = explained(error.words, address, inside);
    throw words === undefined ? error : new UserError(words);
  }
}
