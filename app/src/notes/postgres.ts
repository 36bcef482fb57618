import { readFileSync } from "node:fs";
import { Pool } from "pg";
import type { PoolClient } from "pg";
import { log, reasonOf } from "../log.ts";
import type { NewNote } from "./new-note.ts";
import { NotesUnavailable, pageOf } from "./notes.ts";
import type { Note, Notes, Outcome, Page } from "./notes.ts";

const DEFAULTS = {
  /** Of one replica: while a release is switched two sets of them share the server's 100. */
  connections: 5,
  /** How long to wait for a connection, and then for an answer. */
  connectMilliseconds: 3000,
  answerMilliseconds: 5000,
  /** Any number that all replicas agree on and no other program locks. */
  migrationLock: 8_051_967,
};

/** The schema, one step after the other. What `database.ts` says of its steps holds for these, too. */
const STEPS: readonly string[] = [
  `CREATE TABLE notes (
     number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- order of arrival, never used twice, hence a safe page mark
     id uuid NOT NULL UNIQUE,                                -- chosen by the client: the same id is the same note
     text text NOT NULL,
     release text NOT NULL,                                  -- which release stored it
     created_at timestamptz NOT NULL
   )`,
];

const COLUMNS = 'id, text, release, created_at AS "createdAt"';

/** A row as the driver gives it: it keeps the digits of a bigint as text. */
interface Row {
  readonly number: string;
  readonly id: string;
  readonly text: string;
  readonly release: string;
  readonly createdAt: Date;
}

/** Notes in PostgreSQL. A lost connection costs the requests that were using it; the next ones get a new connection. */
export class PostgresNotes implements Notes {
  readonly #pool: Pool;

  private constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Connects to the database whose URL is in `urlFile`, and takes the steps that its schema lacks. */
  static async open(urlFile: string): Promise<PostgresNotes> {
    const pool = new Pool({
      connectionString: readUrl(urlFile),
      max: DEFAULTS.connections,
      connectionTimeoutMillis: DEFAULTS.connectMilliseconds,
      query_timeout: DEFAULTS.answerMilliseconds,
      statement_timeout: DEFAULTS.answerMilliseconds, // the server stops, too, and does not store what was answered with 503
      keepAlive: true,
      application_name: "note-board",
    });
    // A connection that breaks while nobody uses it: the pool has dropped it, and without this the process would end.
    pool.on("error", (error) => log("database connection lost", { reason: error.message }));
    const notes = new PostgresNotes(pool);
    try {
      await notes.#migrate();
      return notes;
    } catch (error) {
      await pool.end();
      throw error;
    }
  }

  async add({ id, text }: NewNote, release: string): Promise<Outcome> {
    const createdAt = new Date();
    await this.#query("INSERT INTO notes (id, text, release, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING", [
      id,
      text,
      release,
      createdAt,
    ]);
    const [row] = await this.#query(`SELECT ${COLUMNS} FROM notes WHERE id = $1`, [id]);
    // Nothing found: someone deleted it since the insert. It was stored, so that is the answer.
    const note = row ? noteOf(row) : { id, text, release, createdAt: createdAt.toISOString() };
    return { kind: note.text === text ? "stored" : "different", note };
  }

  async list({ limit, after = Number.MAX_SAFE_INTEGER }: { limit: number; after?: number | undefined }): Promise<Page> {
    const rows = await this.#query(`SELECT number, ${COLUMNS} FROM notes WHERE number < $1 ORDER BY number DESC LIMIT $2`, [
      after,
      limit + 1,
    ]);
    return pageOf(
      rows.map((row) => ({ ...noteOf(row), number: Number(row.number) })),
      limit,
    );
  }

  async count(): Promise<number> {
    const [row] = await this.#query("SELECT count(*) AS number FROM notes");
    return Number(row?.number);
  }

  async remove(id: string): Promise<void> {
    await this.#query("DELETE FROM notes WHERE id = $1", [id]);
  }

  async check(): Promise<void> {
    await this.#query("SELECT number FROM notes LIMIT 1");
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #query(text: string, values: unknown[] = []): Promise<Row[]> {
    try {
      return (await this.#pool.query<Row>(text, values)).rows;
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** Takes the steps this database has not had. The lock lets one replica at a time in; the others then find it done. */
  async #migrate(): Promise<void> {
    let client: PoolClient | undefined;
    try {
      client = await this.#pool.connect();
      client.on("error", () => {}); // lost between two queries: the next one rejects
      await client.query("BEGIN");
      await client.query("SELECT pg_advisory_xact_lock($1)", [DEFAULTS.migrationLock]);
      await client.query("CREATE TABLE IF NOT EXISTS schema_steps (step integer PRIMARY KEY)");
      const { rows } = await client.query<{ done: string }>("SELECT count(*) AS done FROM schema_steps");
      // A database that a newer release has taken further stays as it is.
      for (let step = Number(rows[0]?.done); step < STEPS.length; step += 1) {
        await client.query(STEPS[step] ?? "");
        await client.query("INSERT INTO schema_steps (step) VALUES ($1)", [step]);
      }
      await client.query("COMMIT");
      client.release();
    } catch (error) {
      client?.release(true); // closing the connection takes an open transaction back
      throw unavailable(error);
    }
  }
}

const noteOf = ({ id, text, release, createdAt }: Row): Note => ({ id, text, release, createdAt: createdAt.toISOString() });

function readUrl(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new NotesUnavailable(
      `the URL of the database cannot be read from ${file} (${reasonOf(error)}): set DATABASE_URL_FILE to a file that holds it`,
      { cause: error },
    );
  }
}

/** The reason alone: the driver's errors hold neither the URL nor the password. */
function unavailable(error: unknown): NotesUnavailable {
  const reason: unknown = error instanceof AggregateError ? error.errors[0] : error; // a host with several addresses has one for each
  return new NotesUnavailable(`PostgreSQL: ${reasonOf(reason)}`, { cause: error });
}
