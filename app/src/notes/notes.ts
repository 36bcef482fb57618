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

/** The notes cannot be read or written at the moment. The message says why, and what to do where that is known. */
export class NotesUnavailable extends Error {}

/** The notes of one database, which others may write to at any time. Every method rejects with NotesUnavailable. */
export interface Notes {
  /** Stores a note once, however often it is sent: a client that got no answer may send it again. */
  add(note: NewNote, release: string): Promise<Outcome>;
  /** The newest notes, or those older than the mark `after`. */
  list(asked: { limit: number; after?: number | undefined }): Promise<Page>;
  count(): Promise<number>;
  /** Deletes a note; one that is already gone is no error. */
  remove(id: string): Promise<void>;
  /** Rejects unless the database answers a query. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** The page of at most `limit` notes: `rows` has one more where there are older ones. */
export function pageOf(rows: readonly (Note & { readonly number: number })[], limit: number): Page {
  const shown = rows.slice(0, limit);
  return {
    notes: shown.map(({ id, text, release, createdAt }) => ({ id, text, release, createdAt })),
    next: rows.length > limit ? (shown.at(-1)?.number ?? null) : null,
  };
}
