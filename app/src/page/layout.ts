import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Environment } from "../environment.ts";
import { html, raw } from "./html.ts";
import type { Html } from "./html.ts";

// The style and the icon are part of the page: while two releases answer side by side, a style sheet of its own could
// come from the other one.
const style = readFileSync(new URL("style.css", import.meta.url), "utf8");
const icon =
  "data:image/svg+xml," +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#14606b"/>' +
      '<path d="M9 9h14M9 16h14M9 23h8" stroke="#fff" stroke-width="3" stroke-linecap="round"/></svg>',
  );

/** Lets the page load nothing from anywhere, run no script, and use exactly this style. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
  "img-src data:",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Puts the content of a page between the heading and the foot all pages share. */
export function layout({ greeting, release, replica }: Environment, content: Html): string {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>${greeting} · Note board</title>
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <link rel="icon" href="${icon}">
    <style>${raw(style)}</style>
  </head>
  <body>
    <header>
      <p class="kicker">Note board</p>
      <h1>${greeting}</h1>
      <dl class="served-by">
        <div><dt>Release</dt><dd>${release}</dd></div>
        <div><dt>Replica</dt><dd>${replica}</dd></div>
      </dl>
    </header>
    <main>
      ${content}
    </main>
    <footer>
      <p>Reload, and another replica may answer with the same notes.</p>
    </footer>
  </body>
</html>
`.markup;
}

/** A page that says what went wrong and leads back. */
export function problemPage(environment: Environment, title: string, problem: string): string {
  return layout(
    environment,
    html`
      <section aria-labelledby="problem-heading">
        <h2 id="problem-heading">${title}</h2>
        <p>${problem}</p>
        <p><a href="/">Back to the board</a></p>
      </section>`,
  );
}
