/** What the steps share: their input, and how they fail. */
import { EngineError } from "../engine/engineError.ts";

/** A failure that is explained in full by its message. */
export class StepError extends Error {}

/** A failure of which not even the repair succeeded: the cause comes first. */
export const withRepair = (cause: unknown, repair: string, second: unknown): StepError =>
  new StepError(`${(cause as Error).message}\n  ${repair}: ${(second as Error).message}`);

/** The input that `components/step.ts` handed over. */
export function readInput<Input>(): Input {
  return JSON.parse(process.env["BERTH_INPUT"] ?? "{}") as Input;
}

/** Runs a step to its end: a StepError, or an error of the engine, is printed without a stack and ends the process with exit code 1. */
export async function runStep(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof StepError || error instanceof EngineError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
