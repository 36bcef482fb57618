import { randomUUID } from "node:crypto";

/** A note that passed the checks and is not stored yet. */
export interface NewNote {
  readonly id: string;
  readonly text: string;
}

/** The longest note, in characters. */
export const MAX_CHARACTERS = 500;

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
/** Control characters except tab and line feed: nothing a person types, and some garble a terminal or a page. */
const CONTROLS = /[\p{Cc}--[\t\n]]/gv;

/** Reads a posted note. Anyone may post anything, so nothing is assumed about `body`; a problem is a sentence for people. */
export function readNewNote(body: unknown): NewNote | { readonly problem: string } {
  const { text, id = "" } = (body ?? {}) as Record<string, unknown>;
  if (typeof text !== "string") return { problem: 'Send the note as "text".' };

  // A form sends line ends as CRLF, and JSON can carry half a surrogate pair, which UTF-8 cannot.
  const clean = text.toWellFormed().replaceAll("\r\n", "\n").replace(CONTROLS, "").trim();
  const characters = [...clean].length;
  if (characters === 0) return { problem: "Write something first: the note is empty." };
  if (characters > MAX_CHARACTERS) {
    return { problem: `The note has ${characters} characters: shorten it to ${MAX_CHARACTERS}.` };
  }

  if (id === "") return { id: randomUUID(), text: clean };
  if (typeof id !== "string" || !UUID.test(id.toLowerCase())) {
    return { problem: 'The "id" must be a UUID. Leave it out to get one.' };
  }
  return { id: id.toLowerCase(), text: clean };
}
