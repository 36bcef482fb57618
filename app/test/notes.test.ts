import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, describe, test } from "node:test";
import type { TestContext } from "node:test";
import type { Notes } from "../src/notes/notes.ts";
import { PostgresNotes } from "../src/notes/postgres.ts";
import { SqliteNotes } from "../src/notes/sqlite.ts";
import { temporaryFolder, urlFile } from "./helpers.ts";
import { Postgres, postgresObstacle } from "./postgres.ts";

const postgres = postgresObstacle === undefined ? await Postgres.start() : undefined;
after(() => postgres?.remove());
let databases = 0;

/** Each kind of notes, and how a new set of them is opened as often as one likes. */
const kinds: readonly { readonly kind: string; readonly skip: string | undefined; open(t: TestContext): Promise<() => Promise<Notes>> }[] =
  [
    {
      kind: "SQLite",
      skip: undefined,
      open: async (t) => {
        const folder = temporaryFolder(t);
        return () => SqliteNotes.open(folder);
      },
    },
    {
      kind: "PostgreSQL",
      skip: postgresObstacle,
      open: async (t) => {
        const file = urlFile(t, (await postgres?.newDatabase(`notes_${(databases += 1)}`)) ?? "");
        return () => PostgresNotes.open(file);
      },
    },
  ];

const note = (text: string, id: string = randomUUID()) => ({ id, text });

for (const { kind, skip, open } of kinds) {
  describe(kind, { skip: skip ?? false, timeout: 60_000 }, () => {
    /** Opens a new set of notes, so many times. */
    async function opened(t: TestContext, times: number): Promise<Notes[]> {
      const again = await open(t);
      const all = await Promise.all(Array.from({ length: times }, again));
      t.after(() => Promise.all(all.map((notes) => notes.close())));
      return all;
    }
    const openOne = async (t: TestContext): Promise<Notes> => (await opened(t, 1))[0] as Notes;

    test("a note is stored once, however often it is sent", async (t) => {
      const notes = await openOne(t);
      const milk = note("Milk");
      const first = await notes.add(milk, "r1");
      assert.equal(first.kind, "stored");
      assert.deepEqual({ ...first.note, createdAt: "" }, { ...milk, release: "r1", createdAt: "" });
      assert.match(first.note.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.deepEqual(await notes.add(milk, "r2"), first);
      assert.equal(await notes.count(), 1);
    });

    test("another text under a used id changes nothing", async (t) => {
      const notes = await openOne(t);
      const milk = note("Milk");
      await notes.add(milk, "r1");
      const outcome = await notes.add(note("Bread", milk.id), "r1");
      assert.equal(outcome.kind, "different");
      assert.deepEqual(
        (await notes.list({ limit: 9 })).notes.map(({ text }) => text),
        ["Milk"],
      );
    });

    test("pages run from the newest to the oldest and lose nothing to a deletion", async (t) => {
      const notes = await openOne(t);
      for (const text of ["a", "b", "c", "d", "e"]) await notes.add(note(text), "r1");
      const first = await notes.list({ limit: 2 });
      assert.deepEqual(
        first.notes.map(({ text }) => text),
        ["e", "d"],
      );
      await notes.remove(first.notes[1]?.id ?? "");
      const second = await notes.list({ limit: 2, after: first.next ?? 0 });
      assert.deepEqual(
        second.notes.map(({ text }) => text),
        ["c", "b"],
      );
      const last = await notes.list({ limit: 2, after: second.next ?? 0 });
      assert.deepEqual(
        last.notes.map(({ text }) => text),
        ["a"],
      );
      assert.equal(last.next, null);
    });

    test("deleting a note that is gone is no error", async (t) => {
      const notes = await openOne(t);
      await notes.remove(randomUUID());
      assert.equal(await notes.count(), 0);
    });

    test("what people write comes back as it was", async (t) => {
      const notes = await openOne(t);
      const odd = `Ünïcödé 🚢 "quotes" 'and' \\ $1 %s; DROP TABLE notes;--\n\ttab`;
      await notes.add(note(odd), "r1");
      await notes.check();
      assert.equal((await notes.list({ limit: 1 })).notes[0]?.text, odd);
    });

    test("four that open a new database and write at once store every note, and see each other's", async (t) => {
      const all = await opened(t, 4);
      await Promise.all(all.flatMap((notes) => Array.from({ length: 25 }, (_, index) => notes.add(note(`Note ${index}`), "r1"))));
      for (const notes of all) assert.equal(await notes.count(), 100);
      const [first, last] = await Promise.all([all[0]?.list({ limit: 100 }), all[3]?.list({ limit: 100 })]);
      assert.deepEqual(first, last);
    });

    test("notes outlive those who wrote them", async (t) => {
      const again = await open(t);
      const old = await again();
      await old.add(note("Milk"), "r1");
      await old.close();
      const young = await again();
      t.after(() => young.close());
      assert.equal(await young.count(), 1);
    });
  });
}
