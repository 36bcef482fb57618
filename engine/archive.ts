/** A tar archive on its way: counted, and with another name for what is in it. */
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

/**
 * So many first entries of an archive, or fewer where it has no more; the rest is not waited for.
 * @throws Error where the archive breaks before
 */
export function entriesOf(archive: Readable, most: number): Promise<Header[]> {
  return new Promise((resolve, reject) => {
    const entries: Header[] = [];
    const reader = extract();
    reader.on("entry", (header, entry, next) => {
      entry.on("error", () => undefined); // it is that of the reader
      if (entries.push(header) === most) resolve(entries);
      else entry.resume().on("end", next);
    });
    pipeline(archive, asNode(reader), (error) => (error ? reject(error) : resolve(entries)));
  });
}

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
    entry.on("error", () => undefined); // it is that of the reader
    root ??= plain(header.name);
    const path = renamed(header.name);
    if (path === "") {
      entry.resume().on("end", next);
      return;
    }
    // What is written anew must not be said twice: names, links and sizes that are too long for an entry go before it.
    const pax = Object.fromEntries(
      Object.entries(header.pax ?? {}).filter(([key]) => !["path", "linkpath", "size", "uid", "gid"].includes(key)),
    );
    const { pax: _, ...rest } = header;
    const linked = header.type === "link" && header.linkname ? { linkname: renamed(header.linkname) } : {};
    const named = { ...linked, ...owner, name: header.type === "directory" ? `${path}/` : path };
    const written = writer.entry({ ...rest, ...(Object.keys(pax).length > 0 && { pax }), ...named }, next);
    written.on("error", () => undefined); // it is that of the writer
    entry.pipe(written);
  });
  reader.on("finish", () => writer.finalize());
  reader.on("error", (error) => writer.destroy(error));
  writer.on("error", () => undefined); // told by what reads it
  writer.on("close", () => reader.destroy()); // where nobody reads any more, nobody writes
  return { into: asNode(reader), outOf: Readable.from(writer) };
}
