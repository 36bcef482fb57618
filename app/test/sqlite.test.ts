import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { openDatabase } from "../src/notes/database.ts";
import { NotesUnavailable } from "../src/notes/notes.ts";
import { SqliteNotes } from "../src/notes/sqlite.ts";
import { temporaryFolder } from "./helpers.ts";

async function openNotes(t: TestContext, folder: string): Promise<SqliteNotes> {
  const notes = await SqliteNotes.open(folder);
  t.after(() => notes.close());
  return notes;
}

test("four processes that open a new file and write at once store every note", async (t) => {
  const folder = temporaryFolder(t);
  const writers = Array.from({ length: 4 }, () =>
    spawn(process.execPath, [join(import.meta.dirname, "writer.ts"), folder, "50"], { stdio: "inherit" }),
  );
  const codes = await Promise.all(writers.map(async (writer) => (await once(writer, "exit"))[0] as number));
  assert.deepEqual(codes, [0, 0, 0, 0]);
  assert.equal(await (await openNotes(t, folder)).count(), 200);
});

test("a file that a newer release has taken further still opens, and stays as it is", async (t) => {
  const folder = temporaryFolder(t);
  (await openDatabase(folder)).close();
  const newer = new DatabaseSync(join(folder, "notes.db"));
  newer.exec("ALTER TABLE notes ADD COLUMN author TEXT NOT NULL DEFAULT ''; PRAGMA user_version = 99");
  newer.close();
  const notes = await openNotes(t, folder);
  await notes.add({ id: randomUUID(), text: "Milk" }, "r1");
  assert.equal(await notes.count(), 1);
  const again = new DatabaseSync(join(folder, "notes.db"));
  t.after(() => again.close());
  assert.equal(again.prepare("PRAGMA user_version").get()?.["user_version"], 99);
});

test("a folder that cannot be written, or a broken file, is named with the reason", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "file"), "");
  await assert.rejects(openDatabase(join(folder, "file", "data")), (error) => {
    assert.ok(error instanceof NotesUnavailable);
    assert.match(error.message, /^DATA_DIR \S+ is not writable by user \d+ \(ENOTDIR.*mount a volume/);
    return true;
  });
  writeFileSync(join(folder, "notes.db"), "This is not a database. ".repeat(99));
  await assert.rejects(openDatabase(folder), { message: /^cannot open \S+notes\.db: file is not a database$/ });
});

// For root nothing is read-only; test.Dockerfile runs this as another user.
test("a file of someone else is named too", { skip: process.getuid?.() === 0 }, async (t) => {
  const folder = temporaryFolder(t);
  (await openDatabase(folder)).close();
  chmodSync(join(folder, "notes.db"), 0o444);
  await assert.rejects(openDatabase(folder), { message: /not writable by user \d+ \(EACCES.*notes\.db/ });
});
