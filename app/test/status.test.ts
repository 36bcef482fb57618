import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { startServer, temporaryFolder, web } from "./helpers.ts";

/** A data folder that cannot be made, since a file is in its way. */
function blockedFolder(t: TestContext): { dataDir: string; unblock: () => void } {
  const file = join(temporaryFolder(t), "file");
  writeFileSync(file, "");
  return { dataDir: join(file, "data"), unblock: () => rmSync(file) };
}

test("/up answers once the database does", async (t) => {
  const answer = await web(t).inject("/up");
  assert.deepEqual([answer.statusCode, answer.json()], [200, { status: "ok", release: "r1", replica: "web-1" }]);
});

test("/up says why the notes cannot be used, and recovers without a restart", async (t) => {
  const { dataDir, unblock } = blockedFolder(t);
  const app = web(t, { dataDir });
  const down = await app.inject("/up");
  assert.equal(down.statusCode, 503);
  const { status, reason } = down.json<{ status: string; reason: string }>();
  assert.equal(status, "unavailable");
  assert.match(reason, /^DATA_DIR \S+ is not writable by user \d+ \(ENOTDIR/);
  unblock();
  assert.equal((await app.inject("/up")).statusCode, 200);
});

test("while the notes cannot be used a person gets a page and a program JSON, both 503", async (t) => {
  const app = web(t, { dataDir: blockedFolder(t).dataDir });
  t.mock.method(process.stdout, "write", () => true); // the log
  const page = await app.inject({ url: "/", headers: { accept: "text/html" } });
  assert.deepEqual([page.statusCode, page.headers["retry-after"]], [503, "1"]);
  assert.match(page.body, /The notes cannot be reached at the moment/);
  const answer = await app.inject({ method: "POST", url: "/notes", payload: { text: "Milk" } });
  assert.deepEqual([answer.statusCode, Object.keys(answer.json())], [503, ["error"]]);
});

test("/about tells who answers, and of secrets only the names", async (t) => {
  const secretsDir = join(temporaryFolder(t), "secrets");
  mkdirSync(secretsDir);
  writeFileSync(join(secretsDir, "token"), "sentinel-value");
  writeFileSync(join(secretsDir, "api-key"), "sentinel-value");
  const answer = await web(t, { secretsDir, greeting: "Ahoy" }).inject("/about");
  assert.doesNotMatch(answer.body, /sentinel-value/);
  const { started, ...rest } = answer.json<Record<string, unknown>>();
  assert.match(String(started), /^\d{4}-\d\d-\d\dT/);
  const expected = {
    release: "r1",
    replica: "web-1",
    greeting: "Ahoy",
    node: process.version,
    database: "sqlite",
    secrets: ["api-key", "token"],
  };
  assert.deepEqual(rest, expected);
});

test("/about without secrets names none", async (t) => {
  assert.deepEqual((await web(t).inject("/about")).json<{ secrets: string[] }>().secrets, []);
});

test("the health check's exit code and output are those of /up", async (t) => {
  const healthcheck = (port: number) =>
    promisify(execFile)(process.execPath, [join(import.meta.dirname, "..", "src", "healthcheck.ts")], { env: { PORT: String(port) } });
  const { dataDir, unblock } = blockedFolder(t);
  const server = await startServer(t, { DATA_DIR: dataDir });
  await assert.rejects(healthcheck(server.port), { code: 1, stdout: /"reason":"DATA_DIR/ });
  unblock();
  assert.match((await healthcheck(server.port)).stdout, /"status":"ok"/);
  server.process.kill("SIGKILL");
  await server.exit;
  await assert.rejects(healthcheck(server.port), { code: 1, stdout: "fetch failed" });
});
