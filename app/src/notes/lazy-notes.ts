import type { Environment } from "../environment.ts";
import type { Notes } from "./notes.ts";
import { PostgresNotes } from "./postgres.ts";
import { SqliteNotes } from "./sqlite.ts";

/**
 * The notes, opened when they are first needed and again after a failure. So the app starts and says what is wrong
 * where the volume or the database is not usable yet, instead of dying in a restart loop, and recovers once it is.
 */
export class LazyNotes {
  readonly #environment: Pick<Environment, "dataDir" | "databaseUrlFile">;
  #opening: Promise<Notes> | undefined;

  constructor(environment: Pick<Environment, "dataDir" | "databaseUrlFile">) {
    this.#environment = environment;
  }

  /** The open notes. Rejects with NotesUnavailable. */
  get(): Promise<Notes> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async close(): Promise<void> {
    const notes = await this.#opening?.catch(() => undefined);
    await notes?.close();
  }

  #open(): Promise<Notes> {
    const { dataDir, databaseUrlFile } = this.#environment;
    return databaseUrlFile === undefined ? SqliteNotes.open(dataDir) : PostgresNotes.open(databaseUrlFile);
  }
}
