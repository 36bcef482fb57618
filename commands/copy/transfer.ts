/** Moves an archive from one end to another, and says how far it is. */
import { type ChildProcess, spawn } from "node:child_process";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { EngineError } from "../../docker/engineError.ts";
import { type Changes, changing, counting } from "../../engine/archive.ts";
import { UserError } from "../shared/cli.ts";
import { sayProgress } from "./progress.ts";

/** A program, by its words, or a stream. */
export type Source = { readonly words: readonly string[] } | { readonly stream: Readable };
/** A program, a stream, or what takes an archive as a whole. */
export type Target =
  { readonly words: readonly string[] } | { readonly stream: Writable } | { readonly take: (archive: Readable) => Promise<void> };

export interface Transfer {
  readonly from: Source;
  readonly to: Target;
  /** What becomes another on the way. Default: nothing. */
  readonly changes?: Changes | undefined;
  readonly signal: AbortSignal;
}

interface Running {
  readonly child: ChildProcess;
  /** Why it failed, in its own words; "" where it did not. */
  readonly failure: Promise<string>;
}

/** Returns how many bytes the archive had. @throws UserError with the words of the end that failed */
export async function transfer({ from, to, changes = {}, signal }: Transfer): Promise<number> {
  const reader = "words" in from ? start(from.words, "read", signal) : undefined;
  const writer = "words" in to ? start(to.words, "write", signal) : undefined;
  const handed = new PassThrough();
  const source = "stream" in from ? from.stream : reader?.child.stdout;
  const target = "stream" in to ? to.stream : "take" in to ? handed : writer?.child.stdin;
  if (!source || !target) throw new Error("an end has no stream");
  const progress = sayProgress();
  const counted = counting(progress.add);
  const middle = changes.name === undefined && changes.owner === undefined ? undefined : changing(changes);
  const taken = "take" in to ? takeAll(to.take, handed) : undefined;
  const moved = middle
    ? Promise.all([pipeline(source, counted, middle.into, { signal }), pipeline(middle.outOf, target, { signal })])
    : pipeline(source, counted, target, { signal });
  const broken = await moved.then(
    () => undefined,
    (error: Error) => error,
  );
  const refused = await taken;
  const failures = [await reader?.failure, await writer?.failure].filter(Boolean);
  progress.end();
  if (signal.aborted) throw new UserError("the copy was cut off", 130);
  if (refused?.early) throw refused.error;
  if (failures.length > 0) throw new UserError(failures.join("\n"));
  const cause = refused === null ? undefined : (broken ?? refused?.error); // what comes behind an archive's end may be left
  if (cause instanceof UserError) throw cause;
  if (cause) throw new UserError(`the archive cannot be read: ${cause.message}`);
  return progress.bytes();
}

interface Refused {
  readonly error: Error;
  /** Whether it was refused before all of it was there: then this is why the other end failed as well. */
  readonly early: boolean;
}

/** Null, or why it was not taken. */
async function takeAll(take: (archive: Readable) => Promise<void>, archive: PassThrough): Promise<Refused | null> {
  try {
    await take(archive);
    archive.resume();
    return null;
  } catch (error) {
    const early = error instanceof EngineError && error.failure === "refused" && !archive.writableEnded;
    archive.destroy(error as Error);
    return { error: error as Error, early };
  }
}

function start([program = "", ...words]: readonly string[], direction: "read" | "write", signal: AbortSignal): Running {
  const child = spawn(program, words, {
    stdio: [direction === "write" ? "pipe" : "ignore", direction === "read" ? "pipe" : "ignore", "pipe"],
    signal,
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stdin?.on("error", () => undefined); // a program that ends before it has read all says so by its exit code
  const failure = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, by) => resolve(code === 0 || by === "SIGPIPE" ? "" : said.trim() || `${program} ended with ${by ?? code}`));
  });
  return { child, failure };
}
