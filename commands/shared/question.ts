/** Questions to a person at a terminal, and what a program gives instead. */
import { setTimeout as sleep } from "node:timers/promises";
import { addAbortSignal } from "node:stream";
import { buffer } from "node:stream/consumers";
import { Interrupted } from "../../stack/interrupted.ts";
import { interruption } from "../../stack/signals.ts";

interface Answers {
  /** Yes or no; the Enter key alone means no. */
  readonly agreement: boolean;
  /** One line. */
  readonly words: string;
  /** One line that is not shown. */
  readonly secret: string;
}

const END = new Set(["ExitPromptError", "AbortPromptError"]);

/** @throws Interrupted on Ctrl-C, on a signal, and where the terminal is lost */
export async function askPerson<Kind extends keyof Answers>(kind: Kind, message: string): Promise<Answers[Kind]> {
  try {
    return await ASK[kind](message);
  } catch (error) {
    if (error instanceof Error && END.has(error.name)) throw new Interrupted("nothing was changed");
    throw error;
  }
}

/** All that a program gives by standard input. @throws Interrupted on a signal */
export async function readInput(): Promise<Buffer> {
  try {
    const input = await buffer(addAbortSignal(interruption, process.stdin));
    if (input.length === 0) await sleep(SIGNAL_LATER, undefined, { signal: interruption });
    return input;
  } catch (error) {
    throw interruption.aborted ? new Interrupted("nothing was changed") : error;
  }
}

/** Milliseconds: Ctrl-C also ends the program that was to write, and the end of its output may be seen before the signal. */
const SIGNAL_LATER = 200;

// Loaded when they are needed, which most runs of most commands never do.
const ASK: { readonly [Kind in keyof Answers]: (message: string) => Promise<Answers[Kind]> } = {
  agreement: async (message) => (await import("@inquirer/confirm")).default({ message, default: false }, { signal: interruption }),
  words: async (message) => (await import("@inquirer/input")).default({ message }, { signal: interruption }),
  secret: async (message) => (await import("@inquirer/password")).default({ message }, { signal: interruption }),
};
