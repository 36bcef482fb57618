import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import type { FastifyInstance } from "fastify";
import { web } from "./helpers.ts";

const browser = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
const form = { ...browser, "content-type": "application/x-www-form-urlencoded" };

const postForm = (app: FastifyInstance, fields: Record<string, string>) =>
  app.inject({ method: "POST", url: "/notes", headers: form, payload: new URLSearchParams(fields).toString() });
const postJson = (app: FastifyInstance, payload: object) => app.inject({ method: "POST", url: "/notes", payload });
const count = async (app: FastifyInstance) => (await app.inject("/notes/count")).json<{ count: number }>().count;

test("the page shows greeting, release, replica and notes", async (t) => {
  const app = web(t, { greeting: "Ahoy", release: "r7", replica: "web-3" });
  await postJson(app, { text: "Milk" });
  const page = await app.inject({ url: "/", headers: browser });
  assert.equal(page.statusCode, 200);
  assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
  for (const part of ["<h1>Ahoy</h1>", "<dd>r7</dd>", "<dd>web-3</dd>", ">Milk</p>"]) {
    assert.ok(page.body.includes(part), part);
  }
});

test("the page loads nothing from elsewhere, runs no script and is not cached", async (t) => {
  const page = await web(t).inject("/");
  assert.match(
    String(page.headers["content-security-policy"]),
    /^default-src 'none'; style-src 'sha256-[^']+'; img-src data:; form-action 'self'/,
  );
  assert.equal(page.headers["x-content-type-options"], "nosniff");
  assert.equal(page.headers["cache-control"], "no-store");
  assert.doesNotMatch(page.body, /<script|\ssrc=|href="(?!\/|data:)|\sstyle=|\son\w+=/);
});

test("nothing that comes in becomes markup", async (t) => {
  const nasty = `</p><script>alert("x")</script><img src=x onerror='alert(1)'>`;
  const app = web(t, { greeting: nasty, release: nasty, replica: nasty });
  await postJson(app, { text: nasty });
  const stored = await app.inject({ url: `/?status=${encodeURIComponent(nasty)}`, headers: browser });
  const refused = await postForm(app, { text: nasty + "x".repeat(500) });
  const missing = await app.inject({ url: `/${encodeURIComponent(nasty)}`, headers: browser });
  for (const { body } of [stored, refused, missing]) assert.doesNotMatch(body, /<script|<img/);
  assert.match(stored.body, /&lt;script&gt;alert\(&quot;x&quot;\)/);
});

test("a posted form leads back to the page, which says so", async (t) => {
  const app = web(t);
  const answer = await postForm(app, { text: "Milk\r\nBread", id: randomUUID() });
  assert.equal(answer.statusCode, 303);
  assert.equal(answer.headers.location, "/?status=posted");
  const page = await app.inject({ url: "/?status=posted", headers: browser });
  assert.match(page.body, /role="status" tabindex="-1" autofocus>Your note is on the board/);
  assert.match(page.body, />Milk\nBread<\/p>/);
});

test("a refused form comes back with its text, the reason and the focus", async (t) => {
  const app = web(t);
  const text = "a".repeat(501);
  const answer = await postForm(app, { text });
  assert.equal(answer.statusCode, 400);
  assert.match(answer.body, /The note has 501 characters: shorten it to 500/);
  assert.match(answer.body, new RegExp(`aria-invalid="true"[^>]*autofocus\\s*>\n${text}</textarea>`));
  assert.equal(await count(app), 0);
});

test("a form sent twice stores one note; changed and sent again, two", async (t) => {
  const app = web(t);
  const id = randomUUID();
  for (const text of ["Milk", "Milk", "Bread"]) assert.equal((await postForm(app, { text, id })).statusCode, 303);
  assert.equal(await count(app), 2);
});

test("a program gets JSON: 201 with the note, the same again for the same id, 409 for another text", async (t) => {
  const app = web(t);
  const id = randomUUID();
  const first = await postJson(app, { text: "Milk", id });
  assert.equal(first.statusCode, 201);
  const { createdAt, ...rest } = first.json<Record<string, string>>();
  assert.deepEqual(rest, { id, text: "Milk", release: "r1" });
  assert.ok(Math.abs(Date.now() - Date.parse(createdAt ?? "")) < 10_000);
  const second = await postJson(app, { text: "Milk", id });
  assert.deepEqual([second.statusCode, second.json()], [201, first.json()]);
  assert.equal((await postJson(app, { text: "Bread", id })).statusCode, 409);
  assert.equal(await count(app), 1);
});

test("a program gets problems as JSON", async (t) => {
  const app = web(t);
  const empty = await postJson(app, { text: "" });
  assert.deepEqual([empty.statusCode, empty.json()], [400, { error: "Write something first: the note is empty." }]);
  const json = { "content-type": "application/json" };
  const broken = await app.inject({ method: "POST", url: "/notes", headers: json, payload: "{" });
  assert.equal(broken.statusCode, 400);
  const huge = await postJson(app, { text: "a".repeat(20_000) });
  assert.equal(huge.statusCode, 413);
  const nothing = await app.inject("/nothing");
  assert.deepEqual([nothing.statusCode, nothing.json()], [404, { error: "There is nothing at this address." }]);
});

test("notes are listed newest first, page by page", async (t) => {
  const app = web(t);
  for (const text of ["a", "b", "c"]) await postJson(app, { text });
  type Listed = { notes: { text: string }[]; next: number | null };
  const first = (await app.inject("/notes?limit=2")).json<Listed>();
  assert.deepEqual(
    first.notes.map(({ text }) => text),
    ["c", "b"],
  );
  const second = (await app.inject(`/notes?limit=2&after=${first.next}`)).json<Listed>();
  assert.deepEqual([second.notes.map(({ text }) => text), second.next], [["a"], null]);
  const page = await app.inject({ url: `/?after=${first.next}`, headers: browser });
  assert.match(page.body, /Older notes<\/h2>[^]*>a<\/p>[^]*<a href="\/">Newest notes<\/a>/);
});

for (const query of ["limit=0", "limit=101", "limit=x", "after=0", "after=x"]) {
  test(`/notes?${query} is refused`, async (t) => {
    const answer = await web(t).inject(`/notes?${query}`);
    assert.equal(answer.statusCode, 400);
    assert.match(answer.json<{ error: string }>().error, new RegExp(`querystring/${query.split("=")[0]}`));
  });
}

test("a note is deleted by a form or by a program, twice without harm", async (t) => {
  const app = web(t);
  const { id } = (await postJson(app, { text: "Milk" })).json<{ id: string }>();
  const { id: other } = (await postJson(app, { text: "Bread" })).json<{ id: string }>();
  for (let times = 0; times < 2; times += 1) {
    const byForm = await app.inject({ method: "POST", url: `/notes/${id}/delete`, headers: form });
    assert.deepEqual([byForm.statusCode, byForm.headers.location], [303, "/?status=deleted"]);
    assert.equal((await app.inject({ method: "DELETE", url: `/notes/${other}` })).statusCode, 204);
  }
  assert.equal(await count(app), 0);
  assert.equal((await app.inject({ method: "DELETE", url: "/notes/7" })).statusCode, 400);
});

test("a page of another site cannot post in a visitor's name", async (t) => {
  const app = web(t);
  const post = (site: string) =>
    app.inject({ method: "POST", url: "/notes", headers: { ...form, "sec-fetch-site": site }, payload: "text=Milk" });
  assert.equal((await post("cross-site")).statusCode, 403);
  assert.equal((await post("same-site")).statusCode, 403);
  assert.equal((await post("same-origin")).statusCode, 303);
  assert.equal(await count(app), 1);
});
