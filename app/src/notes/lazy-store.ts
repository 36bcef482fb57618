import { NoteStore } from "./store.ts";

/**
 * The note store, opened when it is first needed and again after a failure. So the app starts and says what is wrong
 * where the volume is not usable yet, instead of dying in a restart loop, and recovers once it is.
 */
export class LazyStore {
  readonly #dataDir: string;
  #opening: Promise<NoteStore> | undefined;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  /** The open store. Rejects with NotesUnavailable. */
  get(): Promise<NoteStore> {
    this.#opening ??= NoteStore.open(this.#dataDir).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async close(): Promise<void> {
    const store = await this.#opening?.catch(() => undefined);
    store?.close();
  }
}
