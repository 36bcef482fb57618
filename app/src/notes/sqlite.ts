import type { DatabaseSync, StatementSync } from "node:sqlite";
import { isSqliteError, openDatabase } from "./database.ts";
import type { NewNote } from "./new-note.ts";
import { NotesUnavailable, pageOf } from "./notes.ts";
import type { Note, Notes, Outcome, Page } from "./notes.ts";

const COLUMNS = "id, text, release, created_at AS createdAt";

/** Notes in a file that all replicas of one machine share. */
export class SqliteNotes implements Notes {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #byId: StatementSync;
  readonly #newest: StatementSync;
  readonly #count: StatementSync;
  readonly #remove: StatementSync;
  readonly #probe: StatementSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare("INSERT INTO notes (id, text, release, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING");
    this.#byId = database.prepare(`SELECT ${COLUMNS} FROM notes WHERE id = ?`);
    this.#newest = database.prepare(`SELECT number, ${COLUMNS} FROM notes WHERE number < ? ORDER BY number DESC LIMIT ?`);
    this.#count = database.prepare("SELECT count(*) AS count FROM notes");
    this.#remove = database.prepare("DELETE FROM notes WHERE id = ?");
    this.#probe = database.prepare("SELECT number FROM notes LIMIT 1");
  }

  /** Opens `dataDir`/notes.db, and makes it where it is missing. */
  static async open(dataDir: string): Promise<SqliteNotes> {
    const database = await openDatabase(dataDir);
    try {
      return new SqliteNotes(database);
    } catch (error) {
      database.close();
      throw unavailable(error);
    }
  }

  add({ id, text }: NewNote, release: string): Promise<Outcome> {
    return this.#ask(() => {
      const createdAt = new Date().toISOString();
      // `run`, not RETURNING with `get`: only `run` carries the statement to its end and so reports a failed commit.
      this.#insert.run(id, text, release, createdAt);
      // Nothing found: someone deleted it since the insert. It was stored, so that is the answer.
      const found = this.#byId.get(id) as unknown as Note | undefined;
      const note = found ? { ...found } : { id, text, release, createdAt };
      return { kind: note.text === text ? "stored" : "different", note };
    });
  }

  list({ limit, after = Number.MAX_SAFE_INTEGER }: { limit: number; after?: number | undefined }): Promise<Page> {
    return this.#ask(() => pageOf(this.#newest.all(after, limit + 1) as unknown as (Note & { number: number })[], limit));
  }

  count(): Promise<number> {
    return this.#ask(() => Number(this.#count.get()?.["count"]));
  }

  remove(id: string): Promise<void> {
    return this.#ask(() => void this.#remove.run(id));
  }

  check(): Promise<void> {
    return this.#ask(() => void this.#probe.get());
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  async #ask<T>(question: () => T): Promise<T> {
    try {
      return question();
    } catch (error) {
      throw unavailable(error);
    }
  }
}

/** What SQLite says is about the file; anything else is a mistake here, and stays what it is. */
const unavailable = (error: unknown): unknown => (isSqliteError(error) ? new NotesUnavailable(error.message, { cause: error }) : error);
