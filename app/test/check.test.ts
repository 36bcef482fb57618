import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SqliteNotes } from "../src/notes/sqlite.ts";
import { temporaryFolder } from "./helpers.ts";

const PROGRAM = join(import.meta.dirname, "../src/notes/check.ts");

test("sound notes are counted, spoilt and missing ones are refused", async (t) => {
  const folder = temporaryFolder(t);
  const check = () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM], {
      env: { ...process.env, DATA_DIR: folder },
      encoding: "utf8",
    });
    return { status, said: (stdout + stderr).trim() };
  };
  assert.deepEqual(check(), { status: 1, said: `there is no ${folder}/notes.db` });

  const notes = await SqliteNotes.open(folder);
  for (let number = 0; number < 50; number += 1) await notes.add({ id: randomUUID(), text: "x".repeat(400) }, "r1");
  await notes.close();
  assert.deepEqual(check(), { status: 0, said: "50 notes, and the file is sound" });

  const file = join(folder, "notes.db");
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(0x55, 8192, 16384));
  assert.equal(check().status, 1);
});
