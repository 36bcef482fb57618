import { randomUUID } from "node:crypto";
import type { Environment } from "../environment.ts";
import { MAX_CHARACTERS } from "../notes/new-note.ts";
import type { Note, Page } from "../notes/notes.ts";
import { html } from "./html.ts";
import type { Html } from "./html.ts";
import { layout } from "./layout.ts";
import { timeAgo } from "./time.ts";

/** What the page says after an action, chosen by `/?status=`. */
const STATUS: Readonly<Record<string, string>> = {
  posted: "Your note is on the board.",
  deleted: "The note is deleted.",
};

/** What one view of the board shows. */
export interface BoardView extends Page {
  /** Which message of the action before, if any. */
  readonly status?: string | undefined;
  /** A note that was refused: its text, to be mended, and why. */
  readonly refused?: { readonly text: string; readonly problem: string };
  /** Whether these are not the newest notes. */
  readonly older?: boolean;
}

/** The whole page: heading, form and notes. Works without a script, and has none. */
export function boardPage(environment: Environment, view: BoardView): string {
  const message = STATUS[view.status ?? ""];
  return layout(
    environment,
    html`
      ${message !== undefined && statusLine(message)}
      ${noteForm(view.refused)}
      <section aria-labelledby="notes-heading">
        <h2 id="notes-heading">${view.older ? "Older notes" : "Notes"}</h2>
        ${view.notes.length === 0 ? html`<p class="empty">No notes yet. The first one is yours.</p>` : noteList(view.notes)}
        ${pageLinks(view)}
      </section>`,
  );
}

/** Takes the focus, so that a screen reader says it: a live region alone is silent when a page loads with it. */
function statusLine(message: string): Html {
  return html`<p class="status" role="status" tabindex="-1" autofocus>${message}</p>`;
}

/** Each form carries an id of its own, so a double click or a repeated request stores one note. */
function noteForm(refused: BoardView["refused"]): Html {
  return html`
    <form class="composer" action="/notes" method="post">
      <label for="text">Write a note</label>
      <textarea id="text" name="text" rows="3" maxlength="${MAX_CHARACTERS}" required
        ${refused ? html`aria-invalid="true" aria-describedby="problem hint" autofocus` : html`aria-describedby="hint"`}
      >
${refused?.text}</textarea>
      ${refused && html`<p class="problem" id="problem">${refused.problem}</p>`}
      <input type="hidden" name="id" value="${randomUUID()}">
      <div class="composer-foot">
        <p class="hint" id="hint">Up to ${MAX_CHARACTERS} characters. Everyone can read and delete it.</p>
        <button type="submit">Post note</button>
      </div>
    </form>`;
}

function noteList(notes: readonly Note[]): Html {
  const now = new Date();
  // Safari takes list semantics from an unmarked list; the role gives them back.
  return html`<ul class="notes" role="list">${notes.map((note) => noteItem(note, now))}</ul>`;
}

function noteItem({ id, text, release, createdAt }: Note, now: Date): Html {
  return html`
    <li>
      <p class="note" id="note-${id}" dir="auto">${text}</p>
      <div class="note-foot">
        <p><time datetime="${createdAt}">${timeAgo(new Date(createdAt), now)}</time>, by release ${release}</p>
        <form action="/notes/${id}/delete" method="post">
          <button class="quiet" type="submit" aria-describedby="note-${id}">Delete</button>
        </form>
      </div>
    </li>`;
}

function pageLinks({ next, older }: BoardView): Html | false {
  if (next === null && !older) return false;
  return html`
    <nav class="pages" aria-label="Pages of notes">
      ${older && html`<a href="/">Newest notes</a>`}
      ${next !== null && html`<a href="/?after=${next}" rel="next">Older notes</a>`}
    </nav>`;
}
