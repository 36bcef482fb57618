import assert from "node:assert/strict";
import { test } from "node:test";
import { html, raw } from "../src/page/html.ts";
import { timeAgo } from "../src/page/time.ts";

test("every value in a template is escaped, also in an attribute", () => {
  const nasty = `<script>"&'</script>`;
  assert.equal(
    html`<p title="${nasty}">${nasty}</p>`.markup,
    '<p title="&lt;script&gt;&quot;&amp;&#39;&lt;/script&gt;">&lt;script&gt;&quot;&amp;&#39;&lt;/script&gt;</p>',
  );
});

test("templates nest, and only markup stays markup", () => {
  const items = ["a", "<b>"].map((item) => html`<li>${item}</li>`);
  assert.equal(html`<ul>${items}</ul>${raw("<hr>")}${7}`.markup, "<ul><li>a</li><li>&lt;b&gt;</li></ul><hr>7");
});

test("nothing and false leave no trace, zero does", () => {
  assert.equal(html`[${undefined}${false}${0}]`.markup, "[0]");
});

const now = new Date("2026-05-20T12:00:00Z");
const ages: [moment: string, words: string][] = [
  ["2026-05-20T12:00:05Z", "just now"], // the clock of another machine may be ahead
  ["2026-05-20T11:59:01Z", "just now"],
  ["2026-05-20T11:59:00Z", "1 minute ago"],
  ["2026-05-20T11:00:01Z", "59 minutes ago"],
  ["2026-05-20T09:30:00Z", "2 hours ago"],
  ["2026-05-19T11:00:00Z", "yesterday"],
  ["2026-05-14T11:00:00Z", "6 days ago"],
  ["2026-05-13T11:00:00Z", "13 May 2026"],
];
for (const [moment, words] of ages) {
  test(`${moment} is ${words}`, () => assert.equal(timeAgo(new Date(moment), now), words));
}
