import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { NotesUnavailable, openDatabase } from "../src/notes/database.ts";
import { NoteStore } from "../src/notes/store.ts";
import { temporaryFolder } from "./helpers.ts";

async function openStore(t: TestContext, folder = temporaryFolder(t)): Promise<NoteStore> {
  const store = await NoteStore.open(folder);
  t.after(() => store.close());
  return store;
}

const note = (text: string, id: string = randomUUID()) => ({ id, text });

test("a note is stored once, however often it is sent", async (t) => {
  const store = await openStore(t);
  const milk = note("Milk");
  const first = store.add(milk, "r1");
  assert.equal(first.kind, "stored");
  assert.deepEqual(store.add(milk, "r2"), first);
  assert.equal(store.count(), 1);
});

test("another text under a used id changes nothing", async (t) => {
  const store = await openStore(t);
  const milk = note("Milk");
  store.add(milk, "r1");
  const outcome = store.add(note("Bread", milk.id), "r1");
  assert.equal(outcome.kind, "different");
  assert.deepEqual(store.list({ limit: 9 }).notes.map(({ text }) => text), ["Milk"]);
});

test("pages run from the newest to the oldest and lose nothing to a deletion", async (t) => {
  const store = await openStore(t);
  for (const text of ["a", "b", "c", "d", "e"]) store.add(note(text), "r1");
  const first = store.list({ limit: 2 });
  assert.deepEqual(first.notes.map(({ text }) => text), ["e", "d"]);
  store.remove(first.notes[1]?.id ?? "");
  const second = store.list({ limit: 2, after: first.next ?? 0 });
  assert.deepEqual(second.notes.map(({ text }) => text), ["c", "b"]);
  const last = store.list({ limit: 2, after: second.next ?? 0 });
  assert.deepEqual(last.notes.map(({ text }) => text), ["a"]);
  assert.equal(last.next, null);
});

test("deleting a note that is gone is no error", async (t) => {
  const store = await openStore(t);
  store.remove(randomUUID());
  assert.equal(store.count(), 0);
});

test("notes outlive the process, and two stores see each other's", async (t) => {
  const folder = temporaryFolder(t);
  const old = await openStore(t, folder);
  old.add(note("Milk"), "r1");
  const young = await openStore(t, folder);
  young.add(note("Bread"), "r2");
  assert.deepEqual(old.list({ limit: 9 }), young.list({ limit: 9 }));
  assert.equal(old.count(), 2);
});

test("four processes that open a new file and write at once store every note", async (t) => {
  const folder = temporaryFolder(t);
  const writers = Array.from({ length: 4 }, () =>
    spawn(process.execPath, [join(import.meta.dirname, "writer.ts"), folder, "50"], { stdio: "inherit" }),
  );
  const codes = await Promise.all(writers.map(async (writer) => (await once(writer, "exit"))[0] as number));
  assert.deepEqual(codes, [0, 0, 0, 0]);
  assert.equal((await openStore(t, folder)).count(), 200);
});

test("a file that a newer release has taken further still opens, and stays as it is", async (t) => {
  const folder = temporaryFolder(t);
  (await openDatabase(folder)).close();
  const newer = new DatabaseSync(join(folder, "notes.db"));
  newer.exec("ALTER TABLE notes ADD COLUMN author TEXT NOT NULL DEFAULT ''; PRAGMA user_version = 99");
  newer.close();
  const store = await openStore(t, folder);
  store.add(note("Milk"), "r1");
  assert.equal(store.count(), 1);
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
