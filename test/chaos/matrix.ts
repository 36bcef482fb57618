/** All cells of the matrix, one after the other, in an order that the seed decides. */
import { type Result, runCell } from "./cell.ts";
import { type Fault, FAULTS } from "./faults.ts";
import { Ground } from "./ground.ts";
import { randomFrom, shuffled } from "./random.ts";
import type { Step } from "./steps.ts";
import { endAll } from "./update.ts";

export interface Cell {
  readonly fault: Fault;
  readonly step: Step;
}

export interface MatrixOptions {
  readonly seed: number;
  /** Only so many cells. Default: all. */
  readonly cells?: number | undefined;
  /** Only these faults and steps. Default: all. */
  readonly faults?: readonly string[] | undefined;
  readonly steps?: readonly string[] | undefined;
  /** Ends the run after the cell that is at work, which is cut short. */
  readonly signal: AbortSignal;
  /** Told of each cell that is done, and of all so far. */
  done(result: Result, number: number, of: number, sofar: readonly Result[]): Promise<void>;
  /** Told of a cell that is tried once more, because the fault could not be done. */
  again(cell: Cell, why: string): void;
}

/** Some faults take root on the engine's machine. */
export const isRoot = (): boolean => process.getuid?.() === 0;

/** The cells to run, in order. Pure. */
export function cellsOf({ seed, cells, faults, steps }: Pick<MatrixOptions, "seed" | "cells" | "faults" | "steps">, root: boolean): Cell[] {
  const possible = FAULTS.filter(({ name, needsRoot }) => (root || !needsRoot) && (faults?.includes(name) ?? true));
  const all = possible.flatMap((fault) => fault.steps.filter((step) => steps?.includes(step) ?? true).map((step) => ({ fault, step })));
  return shuffled(all, randomFrom(seed)).slice(0, cells);
}

/** Runs them on one stack; a cell that leaves it broken gets the next one a new stack. */
export async function runMatrix(options: MatrixOptions): Promise<Result[]> {
  const cells = cellsOf(options, isRoot());
  const results: Result[] = [];
  const { signal } = options;
  signal.addEventListener("abort", endAll, { once: true });
  let ground = await Ground.make({ disk: isRoot() });
  try {
    for (const cell of cells) {
      if (signal.aborted) break;
      const result = await tryCell(ground, cell, options);
      if (signal.aborted) break;
      results.push(result);
      await options.done(result, results.length, cells.length, results);
      if (!result.holds) {
        await ground.remove();
        ground = await Ground.make({ disk: isRoot() });
      }
    }
  } finally {
    await ground.remove();
  }
  return results;
}

/** A fault that could not be done is tried once more; then the cell does not hold, because nothing is known of it. */
async function tryCell(ground: Ground, cell: Cell, { again, signal }: MatrixOptions): Promise<Result> {
  const { fault, step } = cell;
  try {
    return await runCell(ground, fault, step);
  } catch (error) {
    if (!signal.aborted) again(cell, (error as Error).message);
  }
  try {
    return await runCell(ground, fault, step);
  } catch (error) {
    const nothing = {
      requests: 0,
      failed: 0,
      failures: [],
      secondsToRecover: 0,
      secondsOfUp: 0,
      longestSeconds: 0,
      updates: 0,
      leftOver: [],
      seconds: 0,
    };
    return { fault: fault.name, step, holds: false, problems: [`the fault could not be done: ${(error as Error).message}`], ...nothing };
  }
}
