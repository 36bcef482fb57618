import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { runServer, startServer, temporaryFolder } from "./helpers.ts";
import type { Server } from "./helpers.ts";

const start = (t: TestContext) => startServer(t, { DATA_DIR: temporaryFolder(t), BERTH_RELEASE: "r1", BERTH_REPLICA: "web-1" });
/** Far above what a stop takes on a busy machine, in milliseconds, and far below any time-out of Node's or a proxy's. */
const PROMPTLY = 6000;
const events = (server: Server) => server.lines.map(({ event }) => event);

/** Sends SIGTERM and returns how long the process took to end, in milliseconds. */
async function terminate(server: Server, signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
  const began = Date.now();
  server.process.kill(signal);
  assert.equal(await server.exit, 0);
  return Date.now() - began;
}

async function openSocket(t: TestContext, server: Server, sent = ""): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1").on("error", () => {});
  t.after(() => socket.destroy());
  await once(socket, "connect");
  if (sent !== "") socket.write(sent);
  return socket;
}

// Each test has a process of its own and mostly waits for it, so they run side by side.
describe("signals", { concurrency: true, timeout: 60_000 }, () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`${signal} ends an idle app at once, with one line for its start and one for its stop`, async (t) => {
      const server = await start(t);
      assert.equal((await fetch(`${server.url}/up`)).status, 200); // leaves an idle connection behind
      assert.ok((await terminate(server, signal)) < PROMPTLY);
      assert.deepEqual(events(server), ["started", "stopped"]);
      assert.deepEqual([server.lines[0]?.["release"], server.lines[0]?.["replica"]], ["r1", "web-1"]);
    });
  }

  test("SIGTERM lets a slow request, a stream and a half-sent note finish, and takes no new connection", async (t) => {
    const server = await start(t);
    const slow = fetch(`${server.url}/slow?ms=1500`);
    const stream = await fetch(`${server.url}/stream?ms=1500`);
    const body = '{"text":"Milk"}';
    const head = `POST /notes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    const half = await openSocket(t, server, head + body.slice(0, 4));
    await sleep(150);

    const ended = terminate(server);
    await sleep(150);
    half.write(body.slice(4));
    await assert.rejects(fetch(`${server.url}/up`), { message: "fetch failed" });

    const answer = await slow;
    assert.deepEqual([answer.status, answer.headers.get("connection")], [200, "close"]);
    assert.deepEqual(await answer.json(), { ms: 1500, release: "r1", replica: "web-1" });
    assert.match(await stream.text(), /^0 ms\n[^]*1400 ms\nend\n$/);
    assert.match(await text(half), /^HTTP\/1\.1 201 /);
    assert.ok((await ended) < PROMPTLY);
    assert.deepEqual(events(server), ["started", "stopped"]);
  });

  test("a request whose first bytes came before SIGTERM is answered", async (t) => {
    const server = await start(t);
    const slow = fetch(`${server.url}/slow?ms=1000`); // keeps the app closing for a while
    const socket = await openSocket(t, server, "GET /up HTTP/1.1\r\nho");
    await sleep(100);
    const ended = terminate(server);
    await sleep(100);
    socket.write("st: x\r\n\r\n");
    assert.match(await text(socket), /^HTTP\/1\.1 200 OK[^]*"status":"ok"/);
    assert.equal((await slow).status, 200);
    await ended;
  });

  test("connections that never carried a request, or went idle late, do not hold up the stop", async (t) => {
    const server = await start(t);
    await openSocket(t, server);
    await openSocket(t, server, "GET /up HTTP/1.1\r\nho");
    const agent = new Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    const late = once(get(`${server.url}/slow?ms=800`, { agent }), "response") as Promise<[IncomingMessage]>;
    await sleep(100);
    const ended = terminate(server);
    const [response] = await late;
    await text(response);
    assert.ok((await ended) < PROMPTLY);
  });

  test("a second signal ends the app without waiting", async (t) => {
    const server = await start(t);
    const slow = fetch(`${server.url}/slow?ms=20000`).catch(() => "cut off");
    await sleep(100);
    server.process.kill("SIGTERM");
    await sleep(100);
    server.process.kill("SIGTERM");
    assert.equal(await server.exit, 1);
    assert.equal(await slow, "cut off");
  });

  test("an unusable data folder is one line in the log, and the app keeps running to say so", async (t) => {
    const file = join(temporaryFolder(t), "file");
    writeFileSync(file, "");
    const server = await startServer(t, { DATA_DIR: join(file, "data") });
    const answer = await fetch(`${server.url}/up`);
    assert.equal(answer.status, 503);
    await terminate(server);
    assert.deepEqual(events(server).sort(), ["notes unavailable", "started", "stopped"]);
  });

  test("a wrong PORT and a port in use are one line each and exit code 1", async (t) => {
    const wrong = runServer(t, { PORT: "http" });
    assert.equal(await wrong.exit, 1);
    assert.match(String(wrong.lines[0]?.["reason"]), /^PORT is "http"/);
    const server = await start(t);
    const second = runServer(t, { PORT: String(server.port), HOST: "127.0.0.1", DATA_DIR: temporaryFolder(t) });
    assert.equal(await second.exit, 1);
    assert.match(String(second.lines[0]?.["reason"]), /EADDRINUSE/);
  });
});
