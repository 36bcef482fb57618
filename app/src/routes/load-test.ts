import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import type { Environment } from "../environment.ts";

const DEFAULTS = { milliseconds: 2000, mostMilliseconds: 30_000, millisecondsPerLine: 100 };

const querystring = {
  type: "object",
  properties: {
    ms: { type: "integer", minimum: 0, maximum: DEFAULTS.mostMilliseconds, default: DEFAULTS.milliseconds },
  },
};

/** Two routes that only load tests use: requests that are still open while a release is switched. Leave them out of your app. */
export function loadTestRoutes(web: FastifyInstance, { release, replica }: Environment): void {
  web.get<{ Querystring: { ms: number } }>("/slow", { schema: { querystring } }, async ({ query: { ms } }) => {
    await sleep(ms);
    return { ms, release, replica };
  });

  web.get<{ Querystring: { ms: number } }>("/stream", { schema: { querystring } }, ({ query: { ms } }, reply) =>
    reply.type("text/plain; charset=utf-8").send(Readable.from(lines(ms))),
  );
}

/** A line each 100 ms, and `end`: a client that did not get this last one was cut off. */
async function* lines(ms: number): AsyncGenerator<string> {
  for (let sent = 0; sent < ms; sent += DEFAULTS.millisecondsPerLine) {
    yield `${sent} ms\n`;
    await sleep(Math.min(DEFAULTS.millisecondsPerLine, ms - sent));
  }
  yield "end\n";
}
