import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import { NotesUnavailable } from "../src/notes/notes.ts";
import { PostgresNotes } from "../src/notes/postgres.ts";
import { startServer, temporaryFolder, urlFile, web } from "./helpers.ts";
import { Postgres, postgresObstacle } from "./postgres.ts";

const SENTINEL = "sentinel-password";

describe("the board on PostgreSQL", { skip: postgresObstacle ?? false, timeout: 120_000 }, async () => {
  const postgres = await Postgres.start();
  after(() => postgres.remove());
  const post = (app: FastifyInstance, text: string) => app.inject({ method: "POST", url: "/notes", payload: { text, id: randomUUID() } });

  test("works as on SQLite, and says so", async (t) => {
    const app = web(t, { databaseUrlFile: urlFile(t, await postgres.newDatabase("works")), dataDir: "/nowhere" });
    assert.equal((await app.inject("/up")).statusCode, 200);
    assert.equal((await post(app, "Milk")).statusCode, 201);
    assert.match((await app.inject({ url: "/", headers: { accept: "text/html" } })).body, />Milk<\/p>/);
    assert.equal((await app.inject("/about")).json<{ database: string }>().database, "postgres");
  });

  test("a database that goes away is 503 with the reason, and back again without a restart of the app", async (t) => {
    const server = await startServer(t, { DATABASE_URL_FILE: urlFile(t, await postgres.newDatabase("away")) });
    const send = () =>
      fetch(`${server.url}/notes`, { method: "POST", headers: { "content-type": "application/json" }, body: '{"text":"Milk"}' });
    assert.equal((await send()).status, 201);
    await postgres.kill();
    await sleep(100); // idle connections break now, and the app must not end with them
    assert.deepEqual([(await send()).status, (await fetch(`${server.url}/up`)).status], [503, 503]);
    const down = await fetch(`${server.url}/up`);
    assert.match(((await down.json()) as { reason: string }).reason, /^PostgreSQL: connect ECONNREFUSED 127\.0\.0\.1/);
    await postgres.run();
    assert.equal((await send()).status, 201);
    assert.deepEqual(await (await fetch(`${server.url}/notes/count`)).json(), { count: 2 });
    assert.equal(server.process.exitCode, null);
  });

  test("connections that the server ends cost no later request", async (t) => {
    const app = web(t, { databaseUrlFile: urlFile(t, await postgres.newDatabase("ended")) });
    t.mock.method(process.stdout, "write", () => true); // the log
    await Promise.all(["a", "b", "c"].map((text) => post(app, text)));
    await postgres.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'ended'");
    await sleep(100);
    assert.equal((await post(app, "d")).statusCode, 201);
    assert.deepEqual((await app.inject("/notes/count")).json(), { count: 4 });
  });

  test("a schema that a newer release has taken further still opens, and stays as it is", async (t) => {
    const file = urlFile(t, await postgres.newDatabase("newer"));
    await (await PostgresNotes.open(file)).close();
    await postgres.query("INSERT INTO schema_steps (step) VALUES (98)", "newer");
    const notes = await PostgresNotes.open(file);
    t.after(() => notes.close());
    await notes.add({ id: randomUUID(), text: "Milk" }, "r1");
    assert.equal(await notes.count(), 1);
  });

  test("a database that cannot be used is named with the reason, and never with the password", async (t) => {
    const refused = async (url: string) => {
      const error: unknown = await PostgresNotes.open(urlFile(t, url)).catch((reason: unknown) => reason);
      assert.ok(error instanceof NotesUnavailable);
      assert.doesNotMatch(error.message, new RegExp(SENTINEL));
      return error.message;
    };
    assert.match(
      await refused(`postgres://postgres:${SENTINEL}@127.0.0.1:${postgres.port}/missing`),
      /^PostgreSQL: database "missing" does not exist$/,
    );
    assert.match(await refused(`postgres://postgres:${SENTINEL}@127.0.0.1:1/notes`), /^PostgreSQL: connect ECONNREFUSED/);
    assert.match(await refused(`postgres://postgres:${SENTINEL}@[`), /^PostgreSQL: Invalid URL$/);
    const folder = temporaryFolder(t);
    rmSync(folder, { recursive: true });
    await assert.rejects(PostgresNotes.open(join(folder, "url")), {
      message: /^the URL of the database cannot be read from \S+url \(ENOENT.*set DATABASE_URL_FILE/,
    });
  });
});
