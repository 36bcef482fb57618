/** Bind mounts, asked of the engine, which may run on another host, also behind a socket of this one. */
import { createHash } from "node:crypto";
import { extract } from "tar-stream";
import { mountOf } from "../components/containerSpec.ts";
import { EngineError } from "../docker/engineError.ts";
import { createContainer, listContainers, removeContainer } from "../engine/containers.ts";
import { archiveOf, MODE, statIn } from "../engine/files.ts";
import { listImages } from "../engine/images.ts";
import { labels, ownedBy, type Owner } from "../release/labels.ts";
import type { Release } from "../release/ledger.ts";

/** A folder that no image has. */
const FOLDER = "/berth-bind";
/** Of a container that was made to look at a bind; one that is left was a look that was killed. */
const LOOK = "berth.look=bind";
/** Seconds after which nobody looks any more. */
const LOOKING = 120;

export interface Binds {
  /** One line for each source that cannot be used. */
  readonly problems: readonly string[];
  /** Hash of each file, by its path. A folder has none, because it may be large and is the app's to watch. */
  readonly hashes: Readonly<Record<string, string>>;
}

interface Look {
  readonly problem?: string;
  readonly hash?: string;
}

/** Looks at what these releases bind. @throws EngineError where the engine cannot be asked */
export async function lookAtBinds(owner: Owner, releases: readonly Release[]): Promise<Binds> {
  const sources = [...new Set(releases.flatMap(({ settings }) => settings.binds.map(({ source }) => source)))];
  const image = sources.length > 0 ? (await listImages({}))[0]?.Id : undefined;
  if (!image) return { problems: [], hashes: {} }; // nothing can be asked of an engine without an image: it will say so itself
  await removeLeft(owner);
  const looked = await Promise.all(sources.map(async (source) => ({ source, ...(await lookAt(source, image, owner)) })));
  return {
    problems: looked.flatMap(({ source, problem }) =>
      problem ? [`berth:binds[${indexOf(releases, source)}].source is ${source}, ${problem}`] : [],
    ),
    hashes: Object.fromEntries(looked.flatMap(({ source, hash }) => (hash ? [[source, hash]] : []))),
  };
}

const indexOf = (releases: readonly Release[], source: string): number =>
  Math.max(0, ...releases.map(({ settings }) => settings.binds.findIndex((bind) => bind.source === source)));

/** What a preview that was killed has left. */
async function removeLeft(owner: Owner): Promise<void> {
  const left = await listContainers({ ...ownedBy(owner, LOOK), status: ["created"] }, { all: true });
  const old = left.filter(({ Created }) => Date.now() / 1000 - Created > LOOKING);
  await Promise.all(old.map(({ Id }) => removeContainer(Id)));
}

/** By way of a container that is never started. */
async function lookAt(source: string, image: string, owner: Owner): Promise<Look> {
  const [label = "", value = ""] = LOOK.split("=");
  const Mounts = [mountOf({ type: "bind", source, target: FOLDER, readOnly: true })];
  let container: string;
  try {
    container = await createContainer({
      Image: image,
      Cmd: ["never-started"],
      Labels: labels(owner, "helper", { [label]: value }),
      HostConfig: { NetworkMode: "none", Mounts },
    });
  } catch (error) {
    if (!(error instanceof EngineError && error.failure === "refused")) throw error;
    const { words } = error;
    return {
      problem: words.includes("does not exist")
        ? "which does not exist on the engine's host: make it, or remove the entry"
        : `which cannot be used: ${words}`,
    };
  }
  try {
    return await lookInto(container);
  } finally {
    await removeContainer(container);
  }
}

async function lookInto(container: string): Promise<Look> {
  const stat = await statIn(container, FOLDER);
  if (stat === undefined) return { problem: "which the engine does not find again: make it, or remove the entry" };
  if (stat.mode & MODE.socket)
    return {
      problem: "a socket, and another one each time its program starts, of which a container learns nothing: bind the folder that it is in",
    };
  if (stat.mode >= MODE.folder) return {};
  const hash = await hashOf(container);
  return hash === undefined ? { problem: "which is neither a file nor a folder: bind the folder that it is in" } : { hash };
}

/**
 * Of a file's bytes: neither times nor owners count. Undefined for what is no file.
 * @throws EngineError where it cannot be read to its end
 */
async function hashOf(container: string): Promise<string | undefined> {
  const archive = await archiveOf(container, FOLDER);
  const reader = extract();
  archive.on("error", (error) => reader.destroy(error));
  archive.pipe(reader);
  try {
    for await (const entry of reader) {
      if (entry.header.type !== "file") return undefined;
      const hash = createHash("sha256");
      for await (const part of entry as AsyncIterable<Buffer>) hash.update(part);
      return hash.digest("hex").slice(0, 12);
    }
    return undefined;
  } finally {
    archive.destroy();
  }
}
