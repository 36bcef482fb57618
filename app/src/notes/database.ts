import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { reasonOf } from "../log.ts";
import { NotesUnavailable } from "./notes.ts";

const DEFAULTS = {
  fileName: "notes.db",
  /** How long a statement waits for another process that is writing. */
  busyMilliseconds: 5000,
  /** How long several processes that open the file at once may hinder each other. */
  openMilliseconds: 5000,
};

/**
 * The schema, one step after the other; the file remembers how many it has had.
 *
 * During a switch the old release and the new one use the same file, and a rollback brings the old one back. So a step
 * only ever adds, and what it adds must be fine for the release before: a new column has a default, and nothing is
 * renamed or removed until no release that may come back needs it. Never edit a step that went live: append one.
 */
const STEPS: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS notes (
     number INTEGER PRIMARY KEY AUTOINCREMENT, -- order of arrival, never used twice, hence a safe page mark
     id TEXT NOT NULL UNIQUE,                  -- chosen by the client: the same id is the same note
     text TEXT NOT NULL,
     release TEXT NOT NULL,                    -- which release stored it
     created_at TEXT NOT NULL                  -- ISO 8601, UTC
   ) STRICT`,
];

/** Opens the notes of `dataDir`, waiting while other replicas start on the same file. Throws NotesUnavailable. */
export async function openDatabase(dataDir: string): Promise<DatabaseSync> {
  const file = join(dataDir, DEFAULTS.fileName);
  requireWritable(dataDir, file);
  const deadline = Date.now() + DEFAULTS.openMilliseconds;
  for (;;) {
    try {
      return openOnce(file);
    } catch (error) {
      // Switching a new file to WAL needs it alone, and SQLite then fails at once instead of using the busy timeout.
      if (!isBusy(error) || Date.now() > deadline) {
        throw new NotesUnavailable(`cannot open ${file}: ${reasonOf(error)}`, { cause: error });
      }
      await sleep(20);
    }
  }
}

function openOnce(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: DEFAULTS.busyMilliseconds });
  try {
    // WAL: readers never wait for the writer. It needs shared memory, so all replicas must run on one machine.
    database.exec("PRAGMA journal_mode = WAL");
    // FULL: a note that was answered with "stored" is on the disk, also after a power cut. NORMAL would save an fsync
    // a note, but could lose the last ones then.
    database.exec("PRAGMA synchronous = FULL");
    // The root filesystem may be read-only, so sorting must not need a temporary file.
    database.exec("PRAGMA temp_store = MEMORY");
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Takes the steps this file has not had. IMMEDIATE lets one process at a time in; the others then find it done. */
function migrate(database: DatabaseSync): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    const done = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
    for (const step of STEPS.slice(done)) database.exec(step);
    // A file that a newer release has taken further stays as it is.
    if (done < STEPS.length) database.exec(`PRAGMA user_version = ${STEPS.length}`);
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/**
 * Makes the folder where it is missing, and finds out what this user may not write: SQLite opens a file of someone else
 * (a backup that root brought back) without a word, and would fail at the first note.
 */
function requireWritable(dataDir: string, file: string): void {
  try {
    mkdirSync(dataDir, { recursive: true });
    const files = [file, `${file}-wal`, `${file}-shm`].filter((path) => existsSync(path));
    for (const path of [dataDir, ...files]) accessSync(path, constants.W_OK);
  } catch (error) {
    throw new NotesUnavailable(
      `DATA_DIR ${dataDir} is not writable by user ${process.getuid?.()} (${reasonOf(error)}): ` +
        "mount a volume there that this user owns with all its files, or set DATA_DIR to a writable folder",
      { cause: error },
    );
  }
}

/** Whether the error came from SQLite, whatever it was. */
export function isSqliteError(error: unknown): error is Error & { errcode: number } {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number";
}

/** Whether another process was in the way: SQLITE_BUSY or SQLITE_PROTOCOL, whose low byte is the main code. */
function isBusy(error: unknown): boolean {
  return isSqliteError(error) && [5, 15].includes(error.errcode & 0xff);
}
