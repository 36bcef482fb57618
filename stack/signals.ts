/** Signals that ask a command to end. One wish to end may reach it several times: from the terminal, from run.mjs, from npm. */
import { constants } from "node:os";

/**
 * Within this time after a signal, another one is the same wish on another way: npm passes Ctrl-C on to a run.mjs that the terminal has
 * told.
 */
const SAME_WISH_MS = 1000;

const asked = new AbortController();

/** Aborted by the first signal that asks this command to end. */
export const interruption: AbortSignal = asked.signal;

/** The exit code of the signal that has interrupted this command, such as 130 for Ctrl-C; undefined where none has. */
export const interruptedCode = (): number | undefined => (interruption.aborted ? (interruption.reason as number) : undefined);

/**
 * Calls `hear` once for each wish to end: for the first SIGINT, SIGTERM or SIGHUP, and for each Ctrl-C more than a
 * second after the one before. Further signals of other kinds say nothing new.
 */
export function listenForSignals(hear: (signal: NodeJS.Signals) => void): void {
  let last: number | undefined;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      const now = performance.now();
      if (last !== undefined && (signal !== "SIGINT" || now - last < SAME_WISH_MS)) return;
      last = now;
      if (!asked.signal.aborted) asked.abort(128 + constants.signals[signal]);
      hear(signal);
    });
  }
}
