/**
 * The one way to the engine: its API, by Node's own HTTP client. Every call has a deadline and may be cancelled; the answer is
 * there, not there, or an error that says what was asked, of whom and how long. Connections are used again.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { join } from "node:path";
import { Duplex, pipeline, type Readable } from "node:stream";
import type { Address } from "./address.ts";
import { EngineError } from "./engineError.ts";

/** The version of the API that is spoken with every engine, whatever newer ones it knows: Docker Engine 20.10. */
export const API = "1.41";

/** Seconds that the engine gets for a question, where the caller does not say. */
export const QUESTION = 15;

export interface Call {
  /** Default: GET. */
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Without the version, such as "/containers/json"; "/version" is asked without one. */
  readonly path: string;
  /** Objects go as JSON; what is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | object | undefined>>;
  /** Goes as JSON, a stream as it is. */
  readonly body?: object | Readable;
  /** What is asked in words, such as "container web-1": part of every error. */
  readonly what: string;
}

export interface CallOptions {
  /** Deadline of the whole call, in seconds; of a stream: until it begins. Default: 15. */
  readonly seconds?: number | undefined;
  /** Of a stream: so many seconds may pass without a byte. Default: any. */
  readonly idle?: number | undefined;
  /** Ends the call early, a stream at any time. */
  readonly signal?: AbortSignal | undefined;
}

// An import of node:http also loads Node's whole fetch (20 ms, a third of a step's start: Node 24.21), and TLS takes as long again.
const { Agent, request } = process.getBuiltinModule("node:http");
const secureHttp = () => process.getBuiltinModule("node:https");

/** A connection to one engine. */
export class Client {
  readonly address: Address;
  private readonly target: RequestOptions;
  private readonly secure: boolean;

  /** @throws EngineError for an address that no connection can be made to */
  constructor(address: Address) {
    this.address = address;
    const { host, certificates } = address;
    const options = { keepAlive: true, maxSockets: 32 };
    this.secure = certificates !== undefined && host.startsWith("tcp:");
    const agent = this.secure ? new (secureHttp().Agent)(options) : new Agent(options);
    const socket = /^(?:unix|npipe):\/\/(.+)$/.exec(host)?.[1];
    if (socket !== undefined) {
      this.target = { socketPath: socket, agent };
    } else if (/^(tcp|http|https):\/\//.test(host)) {
      const { hostname, port } = new URL(host.replace(/^tcp:/, "http:"));
      const read = (file: string) => readFileSync(join(certificates ?? "", file));
      const tls = this.secure ? { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") } : {};
      this.target = { host: hostname.replace(/^\[|\]$/g, ""), port: port || (this.secure ? 2376 : 2375), agent, ...tls };
    } else if (host.startsWith("ssh://")) {
      this.target = { createConnection: () => behindSsh(host) };
    } else {
      throw new EngineError(
        `the Docker engine at ${host} (${address.from}) cannot be asked: want unix:///path, tcp://host:port or ssh://user@host`,
        "absent",
      );
    }
  }

  /** The answer as JSON; undefined where it has none. @throws EngineError for all but success */
  async ask<T>(call: Call, options: CallOptions = {}): Promise<T> {
    return (await this.collect(call, options)) as T;
  }

  /** Like `ask`; undefined where the engine says that there is no such thing, and only then. @throws EngineError for all else */
  async askIfThere<T>(call: Call, options: CallOptions = {}): Promise<T | undefined> {
    try {
      return await this.ask<T>(call, options);
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Whether the engine did it: false where it says that there is no such thing, and only then. @throws EngineError for all else */
  async askWhether(call: Call, options: CallOptions = {}): Promise<boolean> {
    try {
      await this.ask(call, options);
      return true;
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return false;
      throw error;
    }
  }

  /** The answer as it comes, from its headers on. Whoever takes it reads it to its end or destroys it. @throws EngineError until then */
  async open(call: Call, options: CallOptions = {}): Promise<IncomingMessage> {
    const response = await this.within(call, options, (signal) => this.send(call, signal));
    this.nameBreaks(call, response);
    const { idle, signal } = options;
    const end = (outcome: string) => response.destroy(this.failed(call, new Error("ended"), outcome));
    if (idle !== undefined) response.setTimeout(idle * 1000, () => end(`silent ${idle}`));
    signal?.addEventListener("abort", () => end("cancelled"), { once: true });
    return response;
  }

  /** A connection in both directions, such as to the standard input of a container. @throws EngineError */
  async hijack(call: Call, options: CallOptions = {}): Promise<Duplex> {
    return this.within(call, options, async (signal) => {
      const sent = this.start(call, signal, { Connection: "Upgrade", Upgrade: "tcp" });
      return new Promise<Duplex>((resolve, reject) => {
        sent.on("error", reject);
        sent.on("response", (response) => void refusal(response).then((words) => reject(this.refused(call, response, words)), reject));
        sent.on("upgrade", (_, socket, head) => {
          if (head.length > 0) socket.unshift(head);
          resolve(socket);
        });
      });
    });
  }

  /** Has a stream that breaks off end with an error that says of what, whoever reads it. */
  private nameBreaks(call: Call, response: IncomingMessage): void {
    const destroy = response._destroy.bind(response);
    response._destroy = (error, done) => destroy(error && isReset(error) ? this.failed(call, error, "") : error, done);
  }

  private async collect(call: Call, options: CallOptions): Promise<unknown> {
    return this.within(call, options, async (signal) => {
      const response = await this.send(call, signal);
      const abort = () => response.destroy(new Error("cancelled"));
      signal.addEventListener("abort", abort);
      try {
        const text = await textOf(response);
        if (call.method === "HEAD") return response.headers;
        return text === "" ? undefined : (JSON.parse(text) as unknown);
      } finally {
        signal.removeEventListener("abort", abort);
      }
    });
  }

  /** The headers of a successful answer. A question on a connection that the engine has closed meanwhile is asked again. */
  private async send(call: Call, signal: AbortSignal): Promise<IncomingMessage> {
    for (;;) {
      const sent = this.start(call, signal);
      try {
        const response = await new Promise<IncomingMessage>((resolve, reject) => {
          sent.on("error", reject);
          sent.on("response", resolve);
        });
        const { statusCode = 0 } = response;
        if ((statusCode >= 200 && statusCode < 300) || statusCode === 304) return response;
        throw this.refused(call, response, await refusal(response));
      } catch (error) {
        const stale = sent.reusedSocket && (error as NodeJS.ErrnoException).code === "ECONNRESET" && !signal.aborted;
        const changesNothing = call.method === undefined || call.method === "GET" || call.method === "HEAD";
        if (!stale || !changesNothing) throw error; // it may have been done
      }
    }
  }

  private start(
    { method = "GET", path, query = {}, body }: Call,
    signal: AbortSignal,
    headers: Record<string, string> = {},
  ): ClientRequest {
    const text = body === undefined || isStream(body) ? undefined : JSON.stringify(body);
    const type = isStream(body)
      ? { "Content-Type": "application/x-tar" }
      : text !== undefined
        ? { "Content-Type": "application/json", "Content-Length": String(Buffer.byteLength(text)) }
        : method === "POST"
          ? { "Content-Length": "0" }
          : {};
    const sent = (this.secure ? secureHttp().request : request)({
      ...this.target,
      method,
      path: `${path === "/version" ? "" : `/v${API}`}${path}${queryText(query)}`,
      headers: { Host: "docker", ...type, ...headers },
      signal,
    });
    if (isStream(body))
      pipeline(body, sent, () => undefined); // its failure is the request's
    else sent.end(text);
    return sent;
  }

  /** Runs a call within its deadline, and says in words how it failed. */
  private async within<T>(
    call: Call,
    { seconds = QUESTION, signal: theirs }: CallOptions,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), seconds * 1000);
    const signal = AbortSignal.any([deadline.signal, ...(theirs ? [theirs] : [])]);
    try {
      return await work(signal);
    } catch (error) {
      if (error instanceof EngineError) throw error;
      throw this.failed(
        call,
        error as NodeJS.ErrnoException,
        theirs?.aborted ? "cancelled" : deadline.signal.aborted ? `silent ${seconds}` : "",
      );
    } finally {
      clearTimeout(timer);
    }
  }

  private refused({ what }: Call, { statusCode = 0 }: IncomingMessage, words: string): EngineError {
    return new EngineError(
      `the Docker engine at ${this.address.host} refused ${what}: ${words || `status ${statusCode}`}`,
      "refused",
      statusCode,
      words,
    );
  }

  private failed({ what }: Call, { code, message }: NodeJS.ErrnoException, outcome: string): EngineError {
    const { host, from } = this.address;
    if (outcome === "cancelled")
      return new EngineError(`the question to the Docker engine at ${host} for ${what} was cancelled`, "cancelled");
    if (outcome !== "")
      return new EngineError(
        `the Docker engine at ${host} gave no answer in ${outcome.split(" ")[1]} s: asked for ${what}. Check it with: docker info`,
        "silent",
      );
    if (code === "EACCES" || code === "EPERM")
      return new EngineError(
        `no permission to use the Docker engine at ${host} (${from}): run as root, or join its group: sudo usermod -aG docker $USER, then log in again`,
        "forbidden",
      );
    if (["ENOENT", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "ENOTSOCK"].includes(code ?? "")) {
      return new EngineError(`no Docker engine answers at ${host} (${from}; ${code}): start it, or run: npm run setup`, "absent");
    }
    if (code === "SSH")
      return new EngineError(
        `no Docker engine answers at ${host} (${from}; ${message}): check it with: ssh ${host.slice("ssh://".length)} docker info`,
        "absent",
      );
    return new EngineError(`the connection to the Docker engine at ${host} broke (${code ?? message}): asked for ${what}`, "broken");
  }
}

/** A connection as the docker command makes it: by the user's own ssh, to the engine's socket on the other host. */
function behindSsh(host: string): Duplex {
  const { username, hostname, port } = new URL(host);
  const words = [
    "-o",
    "BatchMode=yes",
    "-o",
    "ConnectTimeout=10",
    ...(username ? ["-l", username] : []),
    ...(port ? ["-p", port] : []),
    "--",
    hostname,
  ];
  const ssh = spawn("ssh", [...words, "docker system dial-stdio"], { stdio: ["pipe", "pipe", "pipe"] });
  const connection = Duplex.from({ readable: ssh.stdout, writable: ssh.stdin });
  let said = "";
  ssh.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  ssh.on("error", (error) => connection.destroy(error));
  ssh.on("close", (code) => {
    if (code !== 0) connection.destroy(Object.assign(new Error(`ssh: ${said.trim().split("\n")[0]}`), { code: "SSH" }));
  });
  connection.on("close", () => ssh.kill());
  return connection;
}

const isReset = (error: Error): error is NodeJS.ErrnoException => "code" in error && error.code === "ECONNRESET";

const isStream = (body: Call["body"]): body is Readable => body !== undefined && "pipe" in body;

function queryText(query: NonNullable<Call["query"]>): string {
  const parts = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(typeof value === "object" ? JSON.stringify(value) : String(value))}`],
  );
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/** @throws Error where the connection ends before the text does */
async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  if (!response.complete) throw Object.assign(new Error("the answer was cut short"), { code: "ECONNRESET" });
  return Buffer.concat(parts).toString();
}

/** The engine's own words in an answer that is an error. */
async function refusal(response: IncomingMessage): Promise<string> {
  const text = await textOf(response);
  try {
    return ((JSON.parse(text) as { message?: string }).message ?? text).trim();
  } catch {
    return text.trim();
  }
}
