/** The files in a tar archive. */
import { text } from "node:stream/consumers";
import { extract } from "tar-stream";

export interface Entry {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly content: string;
}

export async function entriesOf(archive: Buffer): Promise<Entry[]> {
  const reader = extract();
  reader.end(archive);
  const entries: Entry[] = [];
  for await (const entry of reader) {
    const { name, mode = 0, uid = 0, gid = 0 } = entry.header;
    entries.push({ name, mode, uid, gid, content: await text(entry) });
  }
  return entries;
}
