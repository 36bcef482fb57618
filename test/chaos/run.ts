/** A run of the matrix: what is written to the file, and what every report is made of. */
import { cpus, totalmem } from "node:os";
import type { Result } from "./cell.ts";
import { docker } from "../e2e/support/engine.ts";

export interface Run {
  readonly seed: number;
  /** Day, in ISO 8601. */
  readonly date: string;
  /** Words after `npm run chaos`. */
  readonly command: string;
  /** What kind of machine it was. */
  readonly machine: string;
  /** Short name of the commit, with "+" where files were changed since. */
  readonly commit: string;
  readonly minutes: number;
  readonly results: readonly Result[];
}

/** Processors, memory and engine: what the figures depend on. */
export async function machineClass(): Promise<string> {
  const engine = await docker("version", "--format", "{{.Server.Version}}");
  return `${process.platform} on ${process.arch}, ${cpus().length} processors, ${Math.round(totalmem() / 1024 ** 3)} GiB, Docker Engine ${/^[\d.]+/.exec(engine)?.[0] ?? engine}, Node ${process.versions.node}`;
}

export interface Totals {
  readonly cells: number;
  readonly hold: number;
  readonly requests: number;
  readonly failed: number;
  /** Failed where none may. */
  readonly failedWrongly: number;
  readonly updates: number;
}

/** Pure. */
export function totalsOf(results: readonly Result[]): Totals {
  const sum = (of: (result: Result) => number) => results.reduce((total, result) => total + of(result), 0);
  return {
    cells: results.length,
    hold: results.filter(({ holds }) => holds).length,
    requests: sum(({ requests }) => requests),
    failed: sum(({ failed }) => failed),
    failedWrongly: sum(({ failed, mayFail }) => (mayFail === undefined ? failed : 0)),
    updates: sum(({ updates }) => updates),
  };
}
