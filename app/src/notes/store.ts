import type { DatabaseSync, StatementSync } from "node:sqlite";
import { openDatabase } from "./database.ts";
import type { NewNote } from "./new-note.ts";

/** A note as it is stored and answered. */
export interface Note {
  readonly id: string;
  readonly text: string;
  /** The release that stored it. */
  readonly release: string;
  /** When, as ISO 8601 in UTC. */
  readonly createdAt: string;
}

/** Some notes, newest first. */
export interface Page {
  readonly notes: readonly Note[];
  /** Pass it as `after` to get the older ones; null where there are none. */
  readonly next: number | null;
}

/** What became of a note: `different` is another text under an id already used, and stores nothing. */
export type Outcome = { readonly kind: "stored" | "different"; readonly note: Note };

const COLUMNS = "id, text, release, created_at AS createdAt";

/** The notes of one database file. Other processes may write to it at any time. */
export class NoteStore {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #byId: StatementSync;
  readonly #newest: StatementSync;
  readonly #count: StatementSync;
  readonly #remove: StatementSync;
  readonly #probe: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare(
      "INSERT INTO notes (id, text, release, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
    );
    this.#byId = database.prepare(`SELECT ${COLUMNS} FROM notes WHERE id = ?`);
    this.#newest = database.prepare(
      `SELECT number, ${COLUMNS} FROM notes WHERE number < ? ORDER BY number DESC LIMIT ?`,
    );
    this.#count = database.prepare("SELECT count(*) AS count FROM notes");
    this.#remove = database.prepare("DELETE FROM notes WHERE id = ?");
    this.#probe = database.prepare("SELECT number FROM notes LIMIT 1");
  }

  static async open(dataDir: string): Promise<NoteStore> {
    return new NoteStore(await openDatabase(dataDir));
  }

  /** Stores a note once, however often it is sent: a client that got no answer may send it again. */
  add({ id, text }: NewNote, release: string): Outcome {
    const createdAt = new Date().toISOString();
    // `run`, not RETURNING with `get`: only `run` carries the statement to its end and so reports a failed commit.
    this.#insert.run(id, text, release, createdAt);
    // Nothing found: someone deleted it since the insert. It was stored, so that is the answer.
    const found = this.#byId.get(id) as unknown as Note | undefined;
    const note = found ? { ...found } : { id, text, release, createdAt };
    return { kind: note.text === text ? "stored" : "different", note };
  }

  /** The newest notes, or those older than the mark `after`. */
  list({ limit, after = Number.MAX_SAFE_INTEGER }: { limit: number; after?: number | undefined }): Page {
    // One more than asked for tells whether there is a next page.
    const rows = this.#newest.all(after, limit + 1) as unknown as (Note & { number: number })[];
    const shown = rows.slice(0, limit);
    return {
      notes: shown.map(({ id, text, release, createdAt }) => ({ id, text, release, createdAt })),
      next: rows.length > limit ? (shown.at(-1)?.number ?? null) : null,
    };
  }

  count(): number {
    return Number(this.#count.get()?.["count"]);
  }

  /** Deletes a note; one that is already gone is no error. */
  remove(id: string): void {
    this.#remove.run(id);
  }

  /** Throws unless the database answers a query. */
  check(): void {
    this.#probe.get();
  }

  close(): void {
    this.#database.close();
  }
}
