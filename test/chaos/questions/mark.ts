/**
 * Loaded before each program of a stack (`node --import`): has its questions to the engine say who asks and in which words, so that
 * a stand-in knows them from the provider's, and can shorten deadlines, which would else be most of the time that silence takes.
 */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Call, CallOptions, Client } from "../../../docker/client.ts";
import { ASKS, SHORTEN, WHO } from "./marks.ts";

/** No deadline is longer than so many seconds once it is shortened: a copy of volumes may take a day. */
const LONGEST = 15;
const factor = Number(process.env[SHORTEN] ?? 1);
const shorter = (seconds: number): number => (factor === 1 ? seconds : Math.min(seconds / factor, LONGEST));

const file = join(process.cwd(), "docker", "client.ts");
if (existsSync(file)) {
  const { Client: Real, QUESTION } = (await import(pathToFileURL(file).href)) as { Client: typeof Client; QUESTION: number };
  type Method = (call: Call, ...rest: unknown[]) => unknown;
  const client = Real.prototype as unknown as Record<"start" | "within", Method>;
  const { start, within } = client;
  const [, program = "", verb = ""] = process.argv;
  const script = basename(program) === "run.mjs" ? `${verb}.ts` : basename(program);
  const who = /\.ts$/.test(script) ? script.replace(/\.ts$/, "") : "program"; // Pulumi's own starter runs index.ts
  client.start = function (call, signal, headers) {
    return start.call(this, call, signal, { ...(headers as object), [WHO]: who, [ASKS]: encodeURIComponent(call.what) });
  };
  client.within = function (call, options, work) {
    const { seconds = QUESTION, idle, ...rest } = options as CallOptions;
    Object.assign(options as object, idle === undefined ? {} : { idle: shorter(idle) }); // `open` reads it once the answer has begun
    return within.call(this, call, { ...rest, seconds: shorter(seconds) }, work);
  };
  if (factor !== 1) {
    const { timeout } = AbortSignal; // the deadline of a program in a container
    AbortSignal.timeout = (milliseconds) => timeout(shorter(milliseconds / 1000) * 1000);
  }
}
