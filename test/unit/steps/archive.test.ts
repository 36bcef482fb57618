import { PassThrough, Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, type Header, pack } from "tar-stream";
import { type Changes, changing, counting, entriesOf } from "../../../engine/archive.ts";

type Entry = Partial<Header> & { readonly name: string; readonly content?: string };

async function archive(entries: readonly Entry[]): Promise<Readable> {
  const writer = pack();
  for (const { content = "", ...header } of entries)
    await new Promise<void>((resolve) => void writer.entry(header, content, () => resolve()));
  writer.finalize();
  return Readable.from(writer);
}

async function readAll(stream: Readable): Promise<Entry[]> {
  const entries: Entry[] = [];
  const reader = extract();
  reader.on("entry", (header, entry, next) => {
    let content = "";
    entry.on("data", (part) => (content += String(part)));
    entry.on("end", () => {
      entries.push({ ...header, content });
      next();
    });
  });
  await new Promise<void>((resolve, reject) => {
    reader.on("finish", resolve).on("error", reject);
    stream.pipe(reader);
  });
  return entries;
}

async function changed(entries: readonly Entry[], changes: Changes): Promise<Entry[]> {
  const { into, outOf } = changing(changes);
  (await archive(entries)).pipe(into);
  return readAll(outOf);
}

const FOLDER: Entry[] = [
  { name: "notes/", type: "directory", mode: 0o750, uid: 1000, gid: 100 },
  { name: "notes/a b\n€", content: "text", mode: 0o640, uid: 1234, gid: 5678, mtime: new Date(1_700_000_000_000) },
  { name: "notes/sub/", type: "directory" },
  { name: "notes/sub/same", type: "link", linkname: "notes/a b\n€" },
  { name: "notes/sub/link", type: "symlink", linkname: "../notes/x" },
  { name: `notes/${"long/".repeat(60)}end`, content: "far" },
];

test("a folder gets another name, and all in it stays as it was", async () => {
  const entries = await changed(FOLDER, { name: "copy" });
  expect(entries.map(({ name }) => name)).toEqual([
    "copy/",
    "copy/a b\n€",
    "copy/sub/",
    "copy/sub/same",
    "copy/sub/link",
    `copy/${"long/".repeat(60)}end`,
  ]);
  expect(entries[0]).toMatchObject({ type: "directory", mode: 0o750, uid: 1000, gid: 100 });
  expect(entries[1]).toMatchObject({ content: "text", mode: 0o640, uid: 1234, gid: 5678, mtime: new Date(1_700_000_000_000) });
  expect(entries[3]).toMatchObject({ type: "link", linkname: "copy/a b\n€" });
  expect(entries[4]).toMatchObject({ type: "symlink", linkname: "../notes/x" });
  expect(entries[5]?.content).toBe("far");
});

test("the contents alone come without their folder, whose owner and mode are not the target's", async () => {
  expect((await changed(FOLDER.slice(0, 4), { name: "" })).map(({ name, linkname }) => [name, linkname ?? null])).toEqual([
    ["a b\n€", null],
    ["sub/", null],
    ["sub/same", "a b\n€"],
  ]);
});

test("all gets another owner, under the names it has", async () => {
  const entries = await changed(FOLDER, { owner: { uid: 7, gid: 8 } });
  expect(new Set(entries.map(({ uid, gid }) => `${uid}:${gid}`))).toEqual(new Set(["7:8"]));
  expect(entries.map(({ name }) => name)).toEqual(FOLDER.map(({ name }) => name));
});

test("one file gets another name", async () => {
  expect(await changed([{ name: "a.txt", content: "x" }], { name: "b.txt" })).toMatchObject([{ name: "b.txt", content: "x" }]);
});

test("the root of a container, which has no name, gets one", async () => {
  expect(
    (
      await changed(
        [
          { name: "./", type: "directory" },
          { name: "./etc/", type: "directory" },
        ],
        { name: "root" },
      )
    ).map(({ name }) => name),
  ).toEqual(["root/", "root/etc/"]);
});

test("an archive that breaks within an entry is an error, and nothing else goes wrong", async () => {
  const whole = Buffer.concat((await (await archive([{ name: "a", content: "x".repeat(2000) }])).toArray()) as Buffer[]);
  const cut = () =>
    Readable.from(
      (async function* () {
        yield whole.subarray(0, 1000);
        await new Promise((resolve) => setImmediate(resolve));
        throw new Error("the line was cut");
      })(),
    );
  await expect(entriesOf(cut(), 2)).rejects.toThrow("the line was cut");
  const { into, outOf } = changing({ name: "b" });
  await expect(Promise.all([pipeline(cut(), into), pipeline(outOf, new PassThrough().resume())])).rejects.toThrow("the line was cut");
});

test("an archive that nobody reads any more is not read any further", async () => {
  const { into, outOf } = changing({ name: "b" });
  const endless = new PassThrough();
  endless.write(Buffer.concat((await (await archive([{ name: "a", content: "x".repeat(2000) }])).toArray()) as Buffer[]).subarray(0, 1000));
  const refused = new Error("refused");
  const moved = Promise.allSettled([pipeline(endless, into), pipeline(outOf, new Writable({ write: (_, __, done) => done(refused) }))]);
  expect((await moved).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(endless.destroyed).toBe(true);
});

test("the first entry tells what an archive holds", async () => {
  expect((await entriesOf(await archive(FOLDER), 1))[0]).toMatchObject({ name: "notes/", type: "directory", uid: 1000 });
  expect((await entriesOf(Readable.from([]), 1))[0]).toBeUndefined();
});

test("bytes are counted on their way", async () => {
  let bytes = 0;
  const counted = counting((more) => (bytes += more));
  Readable.from([Buffer.from("abc"), Buffer.from("de")]).pipe(counted);
  expect(Buffer.concat(await counted.toArray()).toString()).toBe("abcde");
  expect(bytes).toBe(5);
});
