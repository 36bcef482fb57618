/** A tar archive on its way: counted, and with another name for what is in it. */
import { type ChildProcess, spawn } from "node:child_process";
import { pipeline, Readable, Transform, type Writable } from "node:stream";
import { extract, type Header, pack } from "tar-stream";

/** Passes all through and tells how many bytes came. */
export const counting = (tell: (bytes: number) => void): Transform =>
  new Transform({
    transform(chunk: Buffer, _, done) {
      tell(chunk.length);
      done(null, chunk);
    },
  });

/** So many first entries of an archive, or fewer where it has no more; the rest is not waited for. */
export function entriesOf(archive: Readable, most: number): Promise<Header[]> {
  return new Promise((resolve) => {
    const entries: Header[] = [];
    const reader = extract();
    reader.on("entry", (header, entry, next) => {
      if (entries.push(header) === most) resolve(entries);
      else entry.resume().on("end", next);
    });
    pipeline(archive, asNode(reader), () => resolve(entries)); // the program that writes it is ended once enough is read
  });
}

/** Ends a `docker cp` whose archive is read no further: on SIGTERM it would wait for somebody to take what it has written. */
export const stopReading = (reading: ChildProcess): boolean => reading.kill("SIGKILL");

/** So many first entries of what `docker cp` gives for these words. */
export async function entriesIn(words: readonly string[], most: number): Promise<Header[]> {
  const reading = spawn("docker", ["cp", ...words, "-"], { stdio: ["ignore", "pipe", "ignore"] });
  const entries = await entriesOf(reading.stdout, most);
  stopReading(reading);
  return entries;
}

/** What a container has at a path; a symbolic link counts as what it leads to. Undefined where there is nothing. */
export const entryAt = async (container: string, path: string): Promise<Header | undefined> => (await entriesIn(["--follow-link", `${container}:${path}`], 1))[0];

/** Of the package's streams, which are not Node's own by type and do as well. */
const asNode = (reader: ReturnType<typeof extract>): Writable => reader as unknown as Writable;

/** A path in an archive without what stands for nothing: "./a/" is "a". */
const plain = (path: string): string => path.replace(/^(\.?\/)+|^\.$/, "").replace(/\/+$/, "");

export interface Changes {
  /** Another name for what the archive holds; "": the contents of the folder without the folder itself. */
  readonly name?: string | undefined;
  /** The owner of all that it holds. */
  readonly owner?: Owner | undefined;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Gives what an archive holds another name or owner, and leaves all else of it as it is. Archives of `docker cp` and
 * `tar` hold one thing, which is their first entry.
 */
export function changing({ name, owner }: Changes): { into: Writable; outOf: Readable } {
  const reader = extract();
  const writer = pack();
  let root: string | undefined;
  const renamed = (path: string): string => {
    if (name === undefined) return plain(path);
    return plain(path) === root ? name : [name, plain(path).slice(root ? root.length + 1 : 0)].filter(Boolean).join("/");
  };
  reader.on("entry", (header, entry, next) => {
    root ??= plain(header.name);
    const path = renamed(header.name);
    if (path === "") {
      entry.resume().on("end", next);
      return;
    }
    // What is written anew must not be said twice: names, links and sizes that are too long for an entry go before it.
    const pax = Object.fromEntries(Object.entries(header.pax ?? {}).filter(([key]) => !["path", "linkpath", "size", "uid", "gid"].includes(key)));
    const { pax: _, ...rest } = header;
    const linked = header.type === "link" && header.linkname ? { linkname: renamed(header.linkname) } : {};
    entry.pipe(writer.entry({ ...rest, ...(Object.keys(pax).length > 0 && { pax }), ...linked, ...owner, name: header.type === "directory" ? `${path}/` : path }, next));
  });
  reader.on("finish", () => writer.finalize());
  reader.on("error", (error) => writer.destroy(error));
  return { into: asNode(reader), outOf: Readable.from(writer) };
}
