/** Moves an archive from one program to another, and says how far it is. */
import { spawn, type ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { UserError } from "../shared/cli.ts";
import { type Changes, changing, counting } from "../../engine/archive.ts";
import { sayProgress } from "./progress.ts";

/** A program at one end, or a stream of this process. */
export type End = { readonly words: readonly string[] } | { readonly stream: Readable & Writable };

export interface Transfer {
  readonly from: End;
  readonly to: End;
  /** What becomes another on the way. Default: nothing. */
  readonly changes?: Changes | undefined;
  readonly signal: AbortSignal;
}

interface Running {
  readonly child: ChildProcess | undefined;
  /** Why it failed, in its own words; "" where it did not. */
  readonly failure: Promise<string>;
}

/** Returns how many bytes the archive had. @throws UserError with the words of the end that failed */
export async function transfer({ from, to, changes = {}, signal }: Transfer): Promise<number> {
  const [reader, writer] = [start(from, "read", signal), start(to, "write", signal)];
  const source = reader.child?.stdout ?? ("stream" in from ? from.stream : undefined);
  const target = writer.child?.stdin ?? ("stream" in to ? to.stream : undefined);
  if (!source || !target) throw new Error("an end has no stream");
  const progress = sayProgress();
  const counted = counting(progress.add);
  const middle = changes.name === undefined && changes.owner === undefined ? undefined : changing(changes);
  const moved = middle
    ? Promise.all([pipeline(source, counted, middle.into), pipeline(middle.outOf, target)])
    : pipeline(source, counted, target);
  const broken = await moved.then(() => "", (error: Error) => error.message);
  const failures = [await reader.failure, await writer.failure].filter(Boolean);
  progress.end();
  if (signal.aborted) throw new UserError("the copy was cut off", 130);
  if (failures.length > 0) throw new UserError(failures.join("\n"));
  if (broken) throw new UserError(`the archive cannot be read: ${broken}`);
  return progress.bytes();
}

function start(end: End, direction: "read" | "write", signal: AbortSignal): Running {
  if ("stream" in end) return { child: undefined, failure: Promise.resolve("") };
  const [program = "", ...words] = end.words;
  const child = spawn(program, words, { stdio: [direction === "write" ? "pipe" : "ignore", direction === "read" ? "pipe" : "ignore", "pipe"], signal });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stdin?.on("error", () => undefined); // a program that ends before it has read all says so by its exit code
  const failure = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, by) => resolve(code === 0 || by === "SIGPIPE" ? "" : said.trim() || `${program} ended with ${by ?? code}`));
  });
  return { child, failure };
}
