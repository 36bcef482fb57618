/** Markup that is safe to send. Only `html` and `raw` make it, so text from outside is always escaped. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}

/** What may stand in a template: text and numbers are escaped, nothing and `false` leave no trace. */
export type Part = Html | readonly Html[] | string | number | false | undefined;

/** A template whose every value is escaped: html`<p>${text}</p>`. Values belong between tags or in "quoted" attributes. */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let markup = "";
  literals.forEach((literal, index) => {
    markup += literal + render(parts[index]);
  });
  return new Html(markup);
}

/** Trusts a piece of markup: for what this app ships, never for what came in. */
export function raw(markup: string): Html {
  return new Html(markup);
}

function render(part: Part): string {
  if (part === undefined || part === false) return "";
  if (part instanceof Html) return part.markup;
  if (typeof part === "object") return part.map((one) => one.markup).join("");
  return escape(String(part));
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
