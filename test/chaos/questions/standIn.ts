/**
 * A stand-in for the engine: passes everything on to the real one as it comes, hijacked connections included, notes what Berth's own
 * programs ask, and misbehaves once, at the question that it is told. The provider's questions carry no mark, and are never touched.
 */
import { createServer, type IncomingMessage, request as ask, type Server, type ServerResponse } from "node:http";
import { createConnection, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { ASKS, WHO } from "./marks.ts";

export const FAULTS = ["error", "break", "silence"] as const;
export type Fault = (typeof FAULTS)[number];

/** A question of a program: the number-th of those that are alike. */
export interface Question {
  /** The program, such as "up" or "gate". */
  readonly who: string;
  /** What is asked, the same in each run; see `kindOf`. */
  readonly kind: string;
  /** From 1, among the alike of one program's run. */
  readonly number: number;
  /** In the client's own words. */
  readonly what: string;
}

export interface Rule extends Pick<Question, "who" | "kind" | "number"> {
  readonly fault: Fault;
}

/** What the engine is made to say where it refuses. */
export const WORDS = "out of order for a test";

/** What is asked, with the names of a stack's things cut to what they are, and ids left out: the same in each run. Pure. */
export function kindOf(url: string, what: string, stack: string): string {
  const short = what
    .replaceAll(`berth-${stack}-`, "")
    .replace(/\b(?:[0-9a-f]{64}|sha256:[0-9a-f]{64})\b/g, "…")
    .replace(/\b[0-9a-f]{8,12}\b|(?<=-look-)[0-9a-f]{6}\b/g, "…")
    .replace(/-[0-9a-f]{7}(?![0-9a-z])/g, "");
  const more = /\/exec\/[^/]+\/start/.test(url) ? " (what it prints)" : url.includes("follow=true") ? " (as it comes)" : "";
  return `${short.replaceAll(`berth-${stack}`, "…")}${more}`;
}

/** Milliseconds. */
const AT_ONCE = 300;

export class StandIn {
  readonly socket: string;
  readonly host: string;
  /** What was asked since the last `begin`. */
  asked: Question[] = [];
  /** What the rule has struck. */
  struck: Question | undefined;
  private rule: Rule | undefined;
  /** When it was struck, in milliseconds since 1970. */
  struckAt = 0;
  /** What could not be passed on, by nobody's wish. */
  readonly failures: string[] = [];
  /** Whether the same was asked again at once. */
  again = false;
  /** Until when every question is answered with an error, in milliseconds since 1970. */
  private failsUntil = 0;
  private readonly real: string;
  private readonly stack: string;
  private readonly server: Server;
  private readonly counts = new Map<string, number>();
  private readonly open = new Set<Socket>();

  private constructor(socket: string, real: string, stack: string) {
    this.socket = socket;
    this.host = `unix://${socket}`;
    this.real = real;
    this.stack = stack;
    this.server = createServer((request, response) => this.serve(request, response));
    this.server.on("upgrade", (request, connection, head) => this.upgrade(request, connection, head));
    this.server.on("connection", (connection) => {
      this.open.add(connection);
      connection.on("error", () => undefined).on("close", () => this.open.delete(connection));
    });
    Object.assign(this.server, { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0, timeout: 0 });
  }

  /** @param socket path to listen at @param real path of the real engine's socket @param stack whose names are known */
  static start(socket: string, real: string, stack: string): Promise<StandIn> {
    const standIn = new StandIn(socket, real, stack);
    return new Promise((resolve, reject) => standIn.server.on("error", reject).listen(socket, () => resolve(standIn)));
  }

  /** Forgets what was asked, and misbehaves by this rule from now on, once. */
  begin(rule?: Rule): void {
    this.asked = [];
    this.failures.length = 0;
    this.counts.clear();
    this.struck = undefined;
    this.again = false;
    this.rule = rule;
  }

  /** Answers every new question with an error for so many milliseconds, also those of the provider. */
  failFor(milliseconds: number): void {
    this.failsUntil = Date.now() + milliseconds;
  }

  /** Fulfilled once that is over. */
  async isWell(): Promise<void> {
    await sleep(Math.max(0, this.failsUntil - Date.now()));
  }

  async stop(): Promise<void> {
    for (const connection of this.open) connection.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** How to misbehave at this question, if at all. */
  private note({ url = "", headers }: IncomingMessage): Fault | undefined {
    if (Date.now() < this.failsUntil) return "error";
    const who = headers[WHO];
    if (who === undefined) return undefined;
    const what = decodeURIComponent(String(headers[ASKS]));
    const kind = kindOf(url, what, this.stack);
    const key = `${String(who)} ${kind}`;
    const question = { who: String(who), kind, number: (this.counts.get(key) ?? 0) + 1, what };
    this.counts.set(key, question.number);
    this.asked.push(question);
    const { rule, struck } = this;
    if (struck?.who === question.who && struck.what === what && Date.now() - this.struckAt < AT_ONCE) this.again = true;
    if (this.struck || rule?.who !== who || rule.kind !== kind || rule.number !== question.number) return undefined;
    this.struck = question;
    this.struckAt = Date.now();
    return rule.fault;
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    const fault = this.note(request);
    if (fault === "silence") return void request.resume();
    if (fault === "error") {
      request.resume();
      return void response.writeHead(500, { "Content-Type": "application/json" }).end(JSON.stringify({ message: WORDS }));
    }
    const passed = ask({
      socketPath: this.real,
      method: request.method,
      path: request.url,
      headers: plain(request.rawHeaders),
      agent: false,
    });
    const over = (error: Error) => {
      if (!response.writableFinished && !request.socket.destroyed) this.failures.push(`${request.method} ${request.url}: ${error.message}`);
      if (!response.writableFinished) request.socket.destroy(); // else it is the next question's by now
    };
    passed.on("error", over);
    response.on("close", () => passed.destroy());
    request.pipe(passed);
    passed.on("response", (answer) => {
      answer.on("error", over);
      if (fault === "break") return breakOff(request.socket, answer);
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, plain(answer.rawHeaders));
      response.flushHeaders();
      answer.pipe(response);
    });
  }

  /** A connection in both directions. */
  private upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void {
    const fault = this.note(request);
    if (fault === "silence") return void connection.resume();
    if (fault === "error") {
      const body = JSON.stringify({ message: WORDS });
      return void connection.end(
        `HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      );
    }
    const real = createConnection(this.real, () => {
      const lines = Object.entries(plain(request.rawHeaders)).flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}`));
      real.write([`${request.method} ${request.url} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
      real.write(head);
      if (fault === "break") return void real.once("data", (part: Buffer) => connection.end(part.subarray(0, 5), () => real.destroy()));
      real.pipe(connection).pipe(real);
    });
    for (const [one, other] of [
      [real, connection],
      [connection, real],
    ] as const)
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
  }
}

/** Headers by their names, a name that comes again with a list. */
function plain(raw: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (let at = 0; at < raw.length; at += 2) {
    const [name = "", value = ""] = raw.slice(at, at + 2);
    headers[name] = name in headers ? [headers[name] ?? [], value].flat() : value;
  }
  return headers;
}

/** Sends the half of an answer, and ends the connection. */
function breakOff(connection: Socket, answer: IncomingMessage): void {
  const head = `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\nContent-Type: application/json\r\n`;
  const end = (text: string | Buffer) => connection.write(text, () => connection.destroy());
  answer.once("data", (part: Buffer) => {
    connection.write(`${head}Transfer-Encoding: chunked\r\n\r\n${part.length.toString(16)}\r\n`);
    end(part.subarray(0, Math.floor(part.length / 2)));
  });
  answer.once("end", () => end(head.slice(0, -20))); // it has no body; without effect where there was one
}
