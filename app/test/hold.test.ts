import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SqliteNotes } from "../src/notes/sqlite.ts";
import { temporaryFolder } from "./helpers.ts";

const PROGRAM = join(import.meta.dirname, "../src/notes/hold.ts");

test("notes that are held can be copied while they are written, and writers do not wait", async (t) => {
  const [folder, copy] = [temporaryFolder(t), temporaryFolder(t)];
  const notes = await SqliteNotes.open(folder);
  t.after(() => notes.close());
  const hold = (verb: string) =>
    execFileSync(process.execPath, [PROGRAM, verb], { env: { ...process.env, DATA_DIR: folder, HOLD_FILE: join(copy, "hold") } });
  const add = async (many: number) => {
    for (let number = 0; number < many; number += 1) await notes.add({ id: randomUUID(), text: "x".repeat(400) }, "r1");
  };
  await add(20);
  hold("begin");
  t.after(() => hold("end"));
  const before = readFileSync(join(folder, "notes.db"));
  copyFileSync(join(folder, "notes.db"), join(copy, "notes.db"));
  await add(1500); // more than SQLite takes out of its log by itself
  assert.deepEqual(readFileSync(join(folder, "notes.db")), before);
  copyFileSync(join(folder, "notes.db-wal"), join(copy, "notes.db-wal"));

  const copied = await SqliteNotes.open(copy);
  assert.equal(await copied.count(), 1520);
  await copied.close();

  hold("end");
  assert.equal(existsSync(join(copy, "hold")), false);
  await add(1500);
  assert.notDeepEqual(readFileSync(join(folder, "notes.db")), before);
});

test("what cannot be held is said", (t) => {
  const file = join(temporaryFolder(t), "hold");
  const hold = () =>
    execFileSync(process.execPath, [PROGRAM, "begin"], {
      env: { ...process.env, DATA_DIR: "/dev/null/notes", HOLD_FILE: file },
      stdio: "pipe",
    });
  assert.throws(hold, /DATA_DIR \/dev\/null\/notes is not writable/);
});
