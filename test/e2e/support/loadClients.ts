/** The program behind `load.ts`: clients of several kinds against one address, until standard input ends. */
import { randomUUID } from "node:crypto";
import { Agent, request, type RequestOptions } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { LoadOptions, Report } from "./load.ts";

const LONGEST = 15 * 60_000;
const KEEP_ALIVE_CLIENTS = 16;

const options = JSON.parse(process.argv[2] ?? "{}") as LoadOptions;
const pause = options.pause ?? 100;
const base = new URL(options.url);
const tallies: Record<string, { sent: number; failed: number; failures: string[]; reasons: Record<string, number> }> = {};
const posted: string[] = [];
const failed = { first: 0, last: 0, began: 0 };
/** Times of good answers, so many milliseconds apart at least. */
const good: number[] = [];
const APART = 20;
let longest = 0;
const lastSeen: Record<string, number> = {};
let going = true;

process.stdin
  .resume()
  .on("end", () => (going = false))
  .on("error", () => (going = false));
setTimeout(() => (going = false), options.longest ?? LONGEST).unref();

interface Answer {
  readonly status: number;
  readonly body: string;
}

function ask(path: string, more: RequestOptions = {}, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { ...(options.host && { host: options.host }), ...more.headers };
    const sending = request({ host: base.hostname, port: base.port, path, timeout: 60_000, ...more, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () =>
        response.complete ? resolve({ status: response.statusCode ?? 0, body: text }) : reject(new Error("cut off")),
      );
      response.on("error", reject);
    });
    sending.on("timeout", () => sending.destroy(new Error("no answer in 60 s")));
    sending.on("error", reject);
    sending.end(body);
  });
}

/** Sends one request after the other until the load ends, and counts. */
async function client(kind: string, pause: number, send: () => Promise<string | undefined>): Promise<void> {
  const tally = (tallies[kind] ??= { sent: 0, failed: 0, failures: [], reasons: {} });
  while (going) {
    let problem: string | undefined;
    const began = Date.now();
    try {
      problem = await send();
    } catch (error) {
      problem = (error as Error).message;
    }
    tally.sent++;
    if (kind !== "slow" && kind !== "stream") longest = Math.max(longest, Date.now() - began);
    if (problem !== undefined) {
      tally.failed++;
      const reason = problem.split(":")[0] ?? "";
      tally.reasons[reason] = (tally.reasons[reason] ?? 0) + 1;
      failed.first ||= Date.now();
      failed.last = Date.now();
      failed.began = Math.max(failed.began, began);
      if (tally.failures.length < 5) tally.failures.push(`${new Date().toISOString()} ${problem}`);
    } else if (Date.now() - (good.at(-1) ?? 0) >= APART) good.push(Date.now());
    if (pause > 0) await sleep(pause);
  }
}

const expectStatus = (answer: Answer, wanted = 200) =>
  answer.status === wanted ? undefined : `status ${answer.status}: ${answer.body.slice(0, 100)}`;

const clients: Record<string, () => Promise<void>[]> = {
  /** Connections that stay open, by default used as fast as the answers come. */
  keepAlive: () =>
    Array.from({ length: KEEP_ALIVE_CLIENTS }, () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      return client("keepAlive", pause, async () => expectStatus(await ask("/up", { agent })));
    }),
  /** A new connection for each request. */
  newConnection: () =>
    [1, 2].map(() =>
      client("newConnection", Math.max(20, pause), async () => {
        const answer = await ask("/about", { agent: false });
        if (answer.status === 200) lastSeen[(JSON.parse(answer.body) as { release: string }).release] = Date.now();
        return expectStatus(answer);
      }),
    ),
  /** Requests of 2 to 10 s, so that each release finds some open. */
  slow: () =>
    Array.from({ length: 6 }, () =>
      client("slow", 10, async () => expectStatus(await ask(`/slow?ms=${2000 + Math.floor(Math.random() * 8000)}`, { agent: false }))),
    ),
  /** Streamed responses that must come whole. */
  stream: () =>
    [1, 2].map(() =>
      client("stream", 10, async () => {
        const answer = await ask("/stream?ms=3000", { agent: false });
        return answer.body.trimEnd().endsWith("end") ? expectStatus(answer) : "the stream has no end";
      }),
    ),
  /** Notes with an id of their own, so that each can be found again exactly once. */
  post: () => [
    client("post", Math.max(40, pause), async () => {
      const id = randomUUID();
      const body = JSON.stringify({ id, text: `note ${id}` });
      const problem = expectStatus(
        await ask(
          "/notes",
          { method: "POST", agent: false, headers: { "content-type": "application/json", accept: "application/json" } },
          body,
        ),
        201,
      );
      if (problem === undefined) posted.push(id);
      return problem;
    }),
  ],
  /** For an app that knows no path but its root. */
  root: () =>
    [1, 2, 3, 4].map(() => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      return client("root", 5, async () => expectStatus(await ask("/", { agent })));
    }),
};

const total = (key: "sent" | "failed") => Object.values(tallies).reduce((sum, tally) => sum + tally[key], 0);
const running = (options.kinds ?? ["keepAlive", "newConnection", "slow", "stream", "post"]).flatMap((kind) => clients[kind]?.() ?? []);
const ticker = setInterval(() => console.log(JSON.stringify({ sent: total("sent") })), 250);
await Promise.all(running);
clearInterval(ticker);
const report: Report = {
  tallies,
  sent: total("sent"),
  failed: total("failed"),
  posted,
  lastSeen,
  failedFirst: failed.first,
  failedLast: failed.last,
  recovered: good.find((time) => failed.began > 0 && time > failed.began) ?? 0,
  longest,
};
process.stdout.write(`${JSON.stringify({ report })}\n`, () => process.exit(0)); // a long report needs its time on the way
