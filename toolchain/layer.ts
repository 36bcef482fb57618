/** The one layer of an image that is packed from single files: the same files give the same bytes on every machine. */
import { createReadStream, createWriteStream } from "node:fs";
import { readdir, readlink, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { pack, type Header } from "tar-stream";

/** What stands at a path of the layer. Owner: root, unless said otherwise. */
export type LayerEntry =
  | { readonly folder: string; readonly mode?: number; readonly uid?: number; readonly gid?: number }
  | { readonly file: string; readonly from: string; readonly mode: number }
  | { readonly link: string; readonly to: string };

/** Entries for the files and links below a folder whose path there fits, with their folders, sorted by path. */
export async function entriesBelow(root: string, wanted: RegExp): Promise<LayerEntry[]> {
  const all = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = all
    .map((entry) => ({ entry, path: relative(root, join(entry.parentPath, entry.name)) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const chosen = paths.filter(({ entry, path }) => !entry.isDirectory() && wanted.test(path));
  const folders = paths.filter(({ entry, path }) => entry.isDirectory() && chosen.some((one) => one.path.startsWith(`${path}/`)));
  return [
    ...folders.map(({ path }) => ({ folder: path })),
    ...(await Promise.all(
      chosen.map(async ({ entry, path }): Promise<LayerEntry> =>
        entry.isSymbolicLink() ? { link: path, to: await readlink(join(root, path)) } : { file: path, from: join(root, path), mode: 0o755 },
      ),
    )),
  ];
}

/** Writes the entries, in their order, into a tar archive. Paths have no leading slash. @param time the time on all of them */
export async function writeLayer(archive: string, entries: readonly LayerEntry[], time: Date): Promise<void> {
  const layer = pack();
  const written = pipeline(layer, createWriteStream(archive));
  for (const entry of entries) {
    const common: Partial<Header> = { uid: 0, gid: 0, mtime: time };
    if ("folder" in entry) {
      const { folder, mode = 0o755, uid = 0, gid = 0 } = entry;
      layer.entry({ ...common, type: "directory", name: `${folder}/`, mode, uid, gid });
    } else if ("link" in entry) {
      layer.entry({ ...common, type: "symlink", name: entry.link, linkname: entry.to });
    } else {
      const { size } = await stat(entry.from);
      await pipeline(createReadStream(entry.from), layer.entry({ ...common, name: entry.file, size, mode: entry.mode }));
    }
  }
  layer.finalize();
  await written;
}
