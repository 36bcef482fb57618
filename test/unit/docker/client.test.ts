import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Client } from "../../../docker/client.ts";
import type { EngineError } from "../../../docker/engineError.ts";
import { temporaryFolder } from "../../support/folders.ts";

const open: Server[] = [];
afterAll(() => open.forEach((server) => server.close()));

/** An engine that says these bytes to each request, and then ends the connection, or stays. */
async function says(bytes: string, { stays = false } = {}) {
  const socket = join(temporaryFolder(), "engine.sock");
  const requests: string[] = [];
  const server = createServer((connection) => {
    connection.on("error", () => undefined);
    connection.on("data", (part) => {
      requests.push(part.toString().split("\r\n")[0] ?? "");
      if (bytes !== "") connection.write(bytes);
      if (!stays) connection.end();
    });
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return { client: new Client({ host: `unix://${socket}`, from: "the test" }), requests, host: `unix://${socket}` };
}

const answer = (status: string, body: string, length = body.length) =>
  `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`;
const CALL = { path: "/containers/web-1/json", what: "container web-1" };
const failure = (asked: Promise<unknown>) =>
  asked.then(
    () => "none",
    (error: EngineError) => [error.failure, error.message],
  );

test("a thing that is there is told, by the one version of the API that is spoken with every engine", async () => {
  const { client, requests } = await says(answer("200 OK", '{"Id":"1"}'));
  expect(await client.ask(CALL)).toEqual({ Id: "1" });
  expect(requests).toEqual(["GET /v1.41/containers/web-1/json HTTP/1.1"]);
});

test("a thing that is not there is undefined, and only by the engine's own word", async () => {
  const gone = await says(answer("404 Not Found", '{"message":"No such container"}'));
  expect(await gone.client.askIfThere(CALL)).toBeUndefined();
  expect(await gone.client.askWhether(CALL)).toBe(false);
  const broken = await says(answer("500 Internal Server Error", '{"message":"disk on fire"}'));
  expect(await failure(broken.client.askIfThere(CALL))).toEqual([
    "refused",
    `the Docker engine at ${broken.host} refused container web-1: disk on fire`,
  ]);
});

test.each([
  ["before it answers", ""],
  ["in the middle of its headers", "HTTP/1.1 200 OK\r\nContent-"],
  ["in the middle of the answer", answer("200 OK", '{"Id":', 100)],
  ["in the middle of an error", answer("404 Not Found", '{"mess', 100)],
  ["in the middle of a piece", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{"],
])("a connection that breaks %s is an error that says what was asked, of whom", async (_, bytes) => {
  const { client, host } = await says(bytes);
  expect(await failure(client.askIfThere(CALL))).toEqual([
    "broken",
    expect.stringMatching(`^the connection to the Docker engine at ${host} broke \\(.*\\): asked for container web-1$`),
  ]);
});

test.each([
  ["at all", ""],
  ["after its headers", answer("200 OK", "{", 100)],
  ["after the headers of an error", answer("404 Not Found", "{", 100)],
])("an engine that says nothing %s is waited for until the deadline", async (_, bytes) => {
  const { client, host } = await says(bytes, { stays: true });
  expect(await failure(client.askIfThere(CALL, { seconds: 0.2 }))).toEqual([
    "silent",
    `the Docker engine at ${host} gave no answer in 0.2 s: asked for container web-1. Check it with: docker info`,
  ]);
});

test("a stream that falls silent is an error after its time", async () => {
  const { client, host } = await says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", { stays: true });
  const stream = await client.open(CALL, { idle: 0.2 });
  expect(await failure(text(stream))).toEqual([
    "silent",
    `the Docker engine at ${host} gave no answer in 0.2 s: asked for container web-1. Check it with: docker info`,
  ]);
});

test("a stream that breaks off is an error that says of what", async () => {
  const { client, host } = await says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
  expect(await failure(text(await client.open(CALL)))).toEqual([
    "broken",
    `the connection to the Docker engine at ${host} broke (ECONNRESET): asked for container web-1`,
  ]);
});

test("whoever asks may stop asking, before the answer and in the middle of a stream", async () => {
  const { client } = await says("", { stays: true });
  expect((await failure(client.ask(CALL, { signal: AbortSignal.timeout(50) })))[0]).toBe("cancelled");
  const streaming = await says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", { stays: true });
  const stop = new AbortController();
  const stream = await streaming.client.open(CALL, { signal: stop.signal });
  setTimeout(() => stop.abort(), 50);
  expect((await failure(text(stream)))[0]).toBe("cancelled");
});

test("a socket that is not there, or may not be used, is told with what to do", async () => {
  const nowhere = new Client({ host: "unix:///nonexistent/docker.sock", from: "DOCKER_HOST" });
  expect(await failure(nowhere.ask(CALL))).toEqual([
    "absent",
    "no Docker engine answers at unix:///nonexistent/docker.sock (DOCKER_HOST; ENOENT): start it, or run: npm run setup",
  ]);
});

test("a question on a connection that the engine has closed meanwhile is asked again, and what changes something is never sent twice", async () => {
  const { client, requests } = await says(answer("200 OK", "{}"));
  await client.ask(CALL);
  await client.ask(CALL);
  const asked = requests.length;
  await client.ask({ ...CALL, method: "POST" }).catch(() => undefined);
  expect(requests.slice(asked).filter((line) => line.startsWith("POST")).length).toBeLessThanOrEqual(1);
});

test("a connection in both directions is refused in the engine's words", async () => {
  const { client, host } = await says(answer("409 Conflict", '{"message":"is paused"}'));
  expect(await failure(client.hijack({ ...CALL, method: "POST" }))).toEqual([
    "refused",
    `the Docker engine at ${host} refused container web-1: is paused`,
  ]);
});
