/** A container or volume, as `docker cp` reaches it. */
import { posix } from "node:path";
import { labelWords, ownedBy, type Owner } from "../../engine/labels.ts";
import { entryAt, type Owner as FileOwner } from "../../engine/archive.ts";
import { IMAGES } from "../../toolchain/versions.ts";
import { UserError } from "../shared/cli.ts";
import { docker } from "../../engine/containers.ts";
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
  close(): Promise<void>;
}

interface Mount {
  readonly Type: string;
  readonly Name?: string;
  readonly Destination: string;
  readonly RW: boolean;
}

/** A volume is reached by way of a container that mounts it, or else of one that is never started. */
export async function openInside(choice: Choice, owner: Owner): Promise<Inside> {
  if ("container" in choice) {
    const mounts = await mountsOf(choice.container);
    return { container: choice.container, at: (path) => path, writable: mounts.filter(({ RW }) => RW).map(({ Destination }) => Destination), close: nothing };
  }
  for (const container of (await docker("ps", "--all", "--quiet", ...ownedBy(owner), "--filter", `volume=${choice.volume}`)).split("\n").filter(Boolean)) {
    const mount = (await mountsOf(container)).find(({ Name, RW }) => Name === choice.volume && RW);
    if (mount) return { container, at: within(mount.Destination), writable: ["/"], close: nothing };
  }
  return openHelper(choice.volume, owner);
}

const nothing = (): Promise<void> => Promise.resolve();
const FOLDER = "/volume";

/** A path of the volume as one of the container. */
const within = (folder: string) => (path: string): string => posix.join(folder, path);

async function openHelper(volume: string, owner: Owner): Promise<Inside> {
  const container = await docker("create", ...labelWords(owner, "helper"), "--network", "none", "--cap-drop", "ALL", "--read-only", "--volume", `${volume}:${FOLDER}`, IMAGES.base, "never-started");
  return { container, at: within(FOLDER), writable: ["/"], close: async () => void (await docker("rm", "--force", container)) };
}

async function mountsOf(container: string): Promise<Mount[]> {
  return JSON.parse(await docker("inspect", "--type", "container", "--format", "{{json .Mounts}}", container)) as Mount[];
}

/** What is at a path of a container; a symbolic link counts as what it leads to. */
export async function kindAt(container: string, path: string): Promise<Kind> {
  const entry = await entryAt(container, path);
  return entry && (entry.type === "directory" ? "folder" : "file");
}

/** The owner of a folder; undefined where there is none. */
export async function ownerOf(container: string, folder: string): Promise<FileOwner | undefined> {
  const entry = await entryAt(container, folder);
  return entry && { uid: entry.uid ?? 0, gid: entry.gid ?? 0 };
}

/** The engine's words about a path, in a person's. Pure. */
export function explained(words: string, address: string, { writable }: Pick<Inside, "writable">): string {
  if (/No such container:path|Could not find the file|no such file or directory/i.test(words)) {
    return `there is nothing at ${address} (a folder in memory, such as /tmp, cannot be reached)`;
  }
  if (/read-only/i.test(words)) return `${address} cannot be written: ${writable.length > 0 ? `only what is below ${writable.join(" and ")} can` : "nothing in this container can"}`;
  return words.replace(/^Error response from daemon: /, "");
}

/** @throws UserError in a person's words */
export async function inWords<T>(address: string, inside: Inside, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError) throw new UserError(explained(error.message, address, inside), error.exitCode);
    throw error;
  }
}
