/** Files in and out of containers and their volumes, as archives and without a trace on this machine's disk. */
import { pipeline, Readable, type Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { dirname, resolve } from "node:path/posix";
import { extract, type Header, pack } from "tar-stream";
import { EngineError } from "../docker/engineError.ts";
import { entriesOf } from "./archive.ts";
import { engine } from "./engine.ts";

/** Seconds without a byte after which a copy counts as broken. */
const IDLE = 60;

/** What a container has at a path. */
export interface PathStat {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Go's mode bits: permissions, and above them what it is. */
  readonly mode: number;
  /** Where a symbolic link leads; "" for all else. */
  readonly linkTarget: string;
}

/** Go's bits for a folder, a symbolic link and a socket. */
export const MODE = { folder: 2 ** 31, link: 2 ** 27, socket: 2 ** 24 } as const;

const call = (container: string, path: string) => ({
  path: `/containers/${encodeURIComponent(container)}/archive`,
  query: { path },
  what: `${path} in container ${container}`,
});

/** What is at a path, not following a link; undefined where there is nothing. @throws EngineError, also where there is no such container */
export async function statIn(container: string, path: string): Promise<PathStat | undefined> {
  const headers = await engine().askIfThere<Record<string, string>>({ method: "HEAD", ...call(container, path) });
  if (headers === undefined) {
    // Else it is the container that is not there
    await engine().ask({ path: `/containers/${encodeURIComponent(container)}/json`, what: `container ${container}` });
    return undefined;
  }
  return JSON.parse(Buffer.from(headers["x-docker-container-path-stat"] ?? "", "base64").toString()) as PathStat;
}

/**
 * The archive of what is at a path. Whoever takes it reads it to its end or destroys it.
 * @throws EngineError, with status 404 where nothing is there
 */
export const archiveOf = (container: string, path: string, signal?: AbortSignal): Promise<Readable> =>
  engine().open(call(container, path), { seconds: 60, idle: IDLE, signal });

/**
 * Unpacks an archive into a folder, in which no folder gives way to a file, and no file to a folder.
 * @param seconds deadline for all of it
 * @throws EngineError
 */
export async function unpackInto(
  container: string,
  folder: string,
  archive: Readable,
  { seconds = 24 * 3600, signal }: { seconds?: number; signal?: AbortSignal } = {},
): Promise<void> {
  await engine().ask(
    {
      method: "PUT",
      path: `/containers/${encodeURIComponent(container)}/archive`,
      query: { path: folder, noOverwriteDirNonDir: true },
      body: archive,
      what: `to write to ${folder} in container ${container}`,
    },
    { seconds, signal },
  );
}

/**
 * So many first entries of the archive of a path, or fewer where it has no more.
 * @throws EngineError, with status 404 where nothing is there
 */
export async function entriesIn(container: string, path: string, most: number): Promise<Header[]> {
  const archive = await archiveOf(container, path);
  try {
    return await entriesOf(archive, most);
  } finally {
    archive.destroy();
  }
}

/** What a container has at a path; a symbolic link counts as what it leads to. Undefined where there is nothing. @throws EngineError */
export async function entryAt(container: string, path: string): Promise<Header | undefined> {
  const stat = await statIn(container, path);
  if (stat === undefined) return undefined;
  try {
    return (await entriesIn(container, resolve(dirname(path), stat.linkTarget || path), 1))[0];
  } catch (error) {
    if (error instanceof EngineError && error.status === 404) return undefined; // a link that leads nowhere
    throw error;
  }
}

/** The content of a file of a container; undefined where there is nothing at its path. @throws EngineError, also where it is no file */
export async function contentIn(container: string, path: string): Promise<Buffer | undefined> {
  if ((await statIn(container, path)) === undefined) return undefined;
  const archive = await archiveOf(container, path);
  const entries = extract();
  pipeline(archive, entries as unknown as Writable, () => undefined); // its failure is that of the loop
  try {
    for await (const entry of entries) {
      if (entry.header.type !== "file") break;
      return await buffer(entry);
    }
    throw new EngineError(`${path} in container ${container} is no file`);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError(`${path} in container ${container} cannot be read: ${(error as Error).message}`, "broken");
  } finally {
    archive.destroy();
  }
}

export interface FileToCopy {
  readonly name: string;
  readonly content: string | Buffer;
  /** Permission bits. */
  readonly mode: number;
  /** Numeric owner; root where it is not given. */
  readonly uid?: number;
}

/** Copies files into a folder of a container; in a read-only container the folder must be on a volume. @throws EngineError */
export async function copyInto(container: string, folder: string, files: readonly FileToCopy[]): Promise<void> {
  const archive = pack();
  for (const { name, content, mode, uid = 0 } of files) archive.entry({ name, mode, uid, gid: uid }, content);
  archive.finalize();
  await unpackInto(container, folder, Readable.from([await buffer(archive)]), { seconds: 60 });
}
