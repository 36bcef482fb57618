/** A stand-in for the Docker engine: its API on a socket, which answers as told, records what it was asked, and has no container. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { temporaryFolder } from "./folders.ts";

/** What the fake says to calls that begin with certain words; see `wordsOf`. */
export interface Answer {
  /** The call's first words, such as "inspect web-1" or "exec gw kamal-proxy list". */
  readonly to: string;
  /** HTTP status. Default: that of success. */
  readonly status?: number;
  /** The engine's words where the status is an error. */
  readonly message?: string;
  /** The answer. Default: nothing, an empty list, or what is made under the name that was asked for. */
  readonly json?: unknown;
  /** Bytes of an archive. */
  readonly bytes?: Buffer;
  /** Of a program or a log. */
  readonly stdout?: string;
  readonly stderr?: string;
  /** Exit code of a program or a container. Default: 0. */
  readonly exit?: number;
  /** Answers only so often; after that the next fitting answer holds. Default: always. */
  readonly times?: number;
  /** Waits before it answers. Default: 0. */
  readonly seconds?: number;
  /** A program or a log stays for so many seconds after its words, an attached input until it is closed. Default: 0. */
  readonly open?: number;
  /** How a program ended is refused in these words. */
  readonly untold?: string;
  /** The connection ends in the middle of the answer. */
  readonly breaks?: true;
}

export interface FakeEngine {
  /** As in DOCKER_HOST. */
  readonly host: string;
  /** Environment in which a program works on the fake. */
  readonly env: NodeJS.ProcessEnv;
  /** The words of each call so far, in order. */
  calls(): string[];
  /** What was sent with the calls that begin with these words: JSON, or the bytes of an archive. */
  sent(words: string): unknown[];
}

interface Call {
  readonly words: string;
  readonly body: unknown;
}

const open: { close(): void }[] = [];
afterAll(() => open.splice(0).forEach((server) => server.close()));

/** Makes a fake. A call that no answer fits fails loudly; the first answer that fits holds. */
export function fakeEngine(answers: readonly Answer[]): FakeEngine {
  const socket = join(temporaryFolder(), "engine.sock");
  const calls: Call[] = [];
  const programs: { readonly words: string; readonly answer: Answer }[] = [];
  const used = new Map<Answer, number>();

  const answerTo = (words: string): Answer => {
    const fits = answers.find((answer) => words.startsWith(answer.to) && (used.get(answer) ?? 0) < (answer.times ?? Infinity));
    if (!fits) return { to: "", status: 500, message: `fake engine: unexpected call: ${words}` };
    used.set(fits, (used.get(fits) ?? 0) + 1);
    return fits;
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const bytes = await buffer(request);
    const isArchive = request.headers["content-type"] === "application/x-tar";
    const body = isArchive ? bytes : bytes.length > 0 ? (JSON.parse(bytes.toString()) as unknown) : undefined;
    const url = new URL(request.url ?? "", "http://engine");
    const path = decodeURIComponent(url.pathname).replace(/^\/v[\d.]+/, "");
    const started = /^\/exec\/(\d+)\/(start|json)$/.exec(path);
    if (started) {
      const answer: Answer = programs[Number(started[1])]?.answer ?? { to: "" };
      if (started[2] === "json" && answer.untold !== undefined) return json(response, 500, { message: answer.untold });
      if (started[2] === "json") return json(response, 200, { ExitCode: answer.exit ?? 0, Running: false });
      return speak(response, answer);
    }
    const words = wordsOf(request.method ?? "GET", path, url.searchParams, body);
    calls.push({ words, body });
    const answer = answerTo(words);
    const { status, message = "" } = answer;
    if (words.startsWith("exec ") && status === undefined) return json(response, 201, { Id: String(programs.push({ words, answer }) - 1) });
    if (answer.seconds && !words.startsWith("exec "))
      await new Promise((resolve) => setTimeout(resolve, (answer.seconds ?? 0) * 1000).unref());
    if (answer.breaks) return void response.writeHead(200, { "Content-Length": "100" }).write("{", () => response.destroy());
    if (status !== undefined && status >= 400) return json(response, status, { message });
    if (words.startsWith("logs ")) return speak(response, { ...answer, seconds: 0 }, url.searchParams.get("timestamps") === "true");
    if (answer.bytes) return void response.writeHead(200, { "Content-Type": "application/x-tar" }).end(answer.bytes);
    if (request.method === "HEAD")
      return void response
        .writeHead(200, { "X-Docker-Container-Path-Stat": Buffer.from(JSON.stringify(answer.json ?? {})).toString("base64") })
        .end();
    return json(response, status ?? 200, answer.json ?? defaultFor(words, answer));
  };

  const server = createServer(
    (request, response) => void serve(request, response).catch((error: Error) => json(response, 500, { message: error.message })),
  );
  server.on("upgrade", (request: IncomingMessage, connection: Socket) => {
    const words = wordsOf(
      "POST",
      decodeURIComponent(new URL(request.url ?? "", "http://engine").pathname).replace(/^\/v[\d.]+/, ""),
      new URLSearchParams(),
      undefined,
    );
    const call: Call = { words, body: [] };
    calls.push(call);
    const answer = answerTo(words);
    connection.on("error", () => undefined);
    open.push({ close: () => connection.destroy() });
    if (answer.status !== undefined)
      return void connection.end(
        `HTTP/1.1 ${answer.status} Refused\r\nConnection: close\r\n\r\n${JSON.stringify({ message: answer.message ?? "" })}`,
      );
    connection.write(
      "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
    );
    connection.on("data", (part: Buffer) => (call.body as Buffer[]).push(part));
    if (answer.stdout) connection.write(frame(1, `${answer.stdout}\n`));
    if (answer.open !== undefined) setTimeout(() => connection.end(), answer.open * 1000).unref();
  });
  server.listen(socket);
  server.unref();
  open.push({
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  });
  const host = `unix://${socket}`;
  return {
    host,
    env: { ...process.env, PATH: withoutDocker(), DOCKER_HOST: host },
    calls: () => calls.map(({ words }) => words),
    sent: (words) => calls.filter((call) => call.words.startsWith(words)).map(({ body }) => body),
  };
}

/** PATH with only the folder of this Node on it: nothing finds a docker command by chance. */
const withoutDocker = (): string => process.execPath.replace(/\/[^/]*$/, "");

/**
 * A call in words. Containers: "containers all label=…", "inspect N", "create N" ("-": without a name), "start N", "stop N t=30", "wait N",
 * "remove N", "update N", "rename N M", "logs N follow tail=50", "exec N words", "read N path", "stat N path", "write N path", "attach N".
 * The rest: "volumes label=…",
 * "volume N", "create volume N", "remove volume N", and the same of networks and images; "version", "info", "df".
 */
function wordsOf(method: string, path: string, query: URLSearchParams, body: unknown): string {
  const filters = Object.entries(JSON.parse(query.get("filters") ?? "{}") as Record<string, string[]>).flatMap(([key, values]) =>
    values.map((value) => `${key}=${value}`),
  );
  const list = /^\/(containers|images)\/json$|^\/(volumes|networks)$/.exec(path);
  if (list) return [list[1] ?? list[2], ...(query.get("all") === "true" ? ["all"] : []), ...filters].join(" ");
  const [, kind = "", name = "", verb = ""] = /^\/(\w+)\/(.+?)(?:\/(\w+))?$/.exec(path) ?? [];
  if (name === "create")
    return kind === "containers"
      ? `create ${query.get("name") ?? "-"}`
      : `create ${kind.replace(/s$/, "")} ${(body as { Name?: string } | undefined)?.Name ?? ""}`;
  if (path === "/system/df") return "df";
  if (name === "") return path.slice(1);
  const thing = kind === "containers" ? "" : `${kind.replace(/s$/, "")} `;
  if (kind !== "containers") return method === "DELETE" ? `remove ${thing}${name}` : `${thing}${name}`;
  if (verb === "") return `remove ${name}`;
  if (verb === "json") return `inspect ${name}`;
  if (verb === "exec") return `exec ${name} ${(body as { Cmd: string[] }).Cmd.join(" ")}`;
  if (verb === "archive") return `${method === "HEAD" ? "stat" : method === "PUT" ? "write" : "read"} ${name} ${query.get("path")}`;
  const more = [...query]
    .filter(([key, value]) => ["t", "tail", "since", "name"].includes(key) || (key === "follow" && value === "true"))
    .map(([key, value]) => (key === "follow" || key === "name" ? (key === "name" ? value : key) : `${key}=${value}`));
  return [verb, name, ...more].join(" ");
}

function defaultFor(words: string, { exit = 0 }: Answer): unknown {
  const [verb = "", name] = words.split(" ");
  if (["containers", "images", "networks"].includes(verb)) return [];
  if (verb === "volumes") return { Volumes: [] };
  if (verb === "wait") return { StatusCode: exit };
  if (verb === "create") return { Id: name === "-" ? "made" : name, Name: words.split(" ").at(-1) };
  return {};
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response
    .writeHead(status, { "Content-Type": "application/json" })
    .end(status === 304 || status === 204 ? undefined : JSON.stringify(value));
}

/**
 * What a program or a container prints, in the engine's frames.
 * @param timed whether each line is led by its time: the one it has, else that of just now
 */
function speak(response: ServerResponse, { stdout, stderr, seconds = 0, open: stays = 0 }: Answer, timed = false): void {
  const framed = (stream: 1 | 2, text: string) =>
    Buffer.concat(
      timed
        ? text.split("\n").map((line) => frame(stream, `${/^\d{4}-\S+Z /.test(line) ? "" : `${timeNow()} `}${line}\n`))
        : [frame(stream, `${text}\n`)],
    );
  response.writeHead(200, { "Content-Type": "application/vnd.docker.raw-stream" });
  response.flushHeaders();
  setTimeout(() => {
    if (stdout) response.write(framed(1, stdout));
    if (stderr) response.write(framed(2, stderr));
    setTimeout(() => response.end(), stays * 1000).unref();
  }, seconds * 1000).unref();
}

let lines = 0;
/** With nine digits, as the engine writes it, and later each time. */
const timeNow = (): string => new Date().toISOString().replace("Z", `${String(lines++ % 1e6).padStart(6, "0")}Z`);

function frame(stream: 1 | 2, text: string): Buffer {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}
