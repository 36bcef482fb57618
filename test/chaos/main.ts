/** The three forms of `npm run chaos`. */
import type { Result } from "./cell.ts";
import { runMatrix } from "./matrix.ts";

export interface Outcome {
  readonly holds: boolean;
  readonly json: string;
  /** Texts by the name of the file to write. */
  readonly files: Readonly<Record<string, string>>;
}

export interface MatrixRun {
  readonly seed: number;
  readonly cells?: number;
  readonly fault?: readonly string[];
  readonly step?: readonly string[];
  readonly signal: AbortSignal;
  say(line: string): void;
}

/** One line of progress. Pure. */
const lineOf = (result: Result, number: number, of: number): string =>
  [
    `${String(number).padStart(String(of).length)}/${of}`,
    result.holds ? "holds" : "DOES NOT HOLD",
    `${result.fault} at ${result.step}:`,
    `${result.requests} requests, ${result.failed} failed${result.failed > 0 ? ` (recovered after ${result.secondsToRecover.toFixed(1)} s)` : ""}, ${result.updates} up, ${result.seconds.toFixed(0)} s`,
    ...(result.remark ? [`(${result.remark})`] : []),
    ...result.problems.map((problem) => `\n    ${problem}`),
  ].join(" ");

export async function chaosMatrix({ seed, cells, fault, step, signal, say }: MatrixRun): Promise<Outcome> {
  say(`Seed ${seed}.`);
  const results = await runMatrix({
    seed,
    cells,
    faults: fault,
    steps: step,
    signal,
    done: (...words) => say(lineOf(...words)),
    again: (cell, why) => say(`once more, ${cell.fault.name} at ${cell.step}: ${why}`),
  });
  const holds = results.length > 0 && results.every((result) => result.holds);
  const json = JSON.stringify({ seed, results }, undefined, 2);
  return { holds, json, files: { "matrix.json": json } };
}
