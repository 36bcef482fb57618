/** Random sequences of operations against a model; what fails is made as short as possible. */
import fc from "fast-check";
import { newModel } from "./model.ts";
import { operations } from "./operations.ts";
import { Real } from "./real.ts";
import { endAll } from "./update.ts";

export interface SequencesOptions {
  readonly seed: number;
  /** So many operations at least, in as many sequences as it takes. */
  readonly steps: number;
  /** Most operations of one sequence. Default: 60. */
  readonly most?: number;
  /** Whether a sequence that fails is shortened, which takes many more. Default: true. */
  readonly shrink?: boolean;
  readonly signal: AbortSignal;
  say(line: string): void;
}

export interface SequencesResult {
  readonly seed: number;
  readonly holds: boolean;
  readonly sequences: readonly { readonly seed: number; readonly steps: readonly string[] }[];
  readonly steps: number;
  /** The shortest sequence that fails, with its seed and path. */
  readonly failure?: string;
}

const FIRST = { greeting: "First", replicas: 2 };
/** Shortening ends after this time, in milliseconds. */
const PATIENCE = 20 * 60_000;

export async function runSequences({ seed, steps, most = 60, shrink = true, signal, say }: SequencesOptions): Promise<SequencesResult> {
  const sequences: { seed: number; steps: readonly string[] }[] = [];
  signal.addEventListener("abort", endAll, { once: true });
  const done = () => sequences.reduce((sum, sequence) => sum + sequence.steps.length, 0);
  for (let own = seed; done() < steps && !signal.aborted; own++) {
    say(`Sequence with seed ${own}:`);
    const property = fc.asyncProperty(operations(most), async (commands) => {
      if (signal.aborted) return;
      const real = await Real.make(FIRST, (words, seconds) => say(`  ${words} (${seconds.toFixed(0)} s)`));
      try {
        await fc.asyncModelRun(() => ({ model: newModel(FIRST), real }), commands);
      } catch (error) {
        say(`  ${String(error)}`); // what was seen first: the shortest one that fails may fail otherwise
        throw error;
      } finally {
        sequences.push({ seed: own, steps: real.steps });
        await real.remove();
      }
    });
    const outcome = await fc.check(property, { seed: own, numRuns: 1, endOnFailure: !shrink, interruptAfterTimeLimit: PATIENCE });
    if (outcome.failed && !signal.aborted) {
      const failure = `seed ${own}, path ${outcome.counterexamplePath ?? ""}: ${String(outcome.counterexample)}\n${String(outcome.errorInstance)}`;
      return { seed, holds: false, sequences, steps: done(), failure };
    }
  }
  return { seed, holds: !signal.aborted, sequences, steps: done() };
}
