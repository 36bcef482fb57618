/** What the steps share: their input, how they come to their end, and how they fail. */
import { mustComeToItsEnd } from "../settings/guard.ts";
import { UserError } from "../settings/userError.ts";
import { boundOutputs } from "./output.ts";

/** A failure that is explained in full by its message. */
export class StepError extends UserError {}

/** A failure of which not even the repair succeeded: the cause comes first. */
export const withRepair = (cause: unknown, repair: string, second: unknown): StepError =>
  new StepError(`${(cause as Error).message}\n  ${repair}: ${(second as Error).message}`);

/** The input that `components/step.ts` handed over. */
export function readInput<Input>(): Input {
  return JSON.parse(process.env["BERTH_INPUT"] ?? "{}") as Input;
}

/**
 * Runs a step to its end. What is explained by its message, an error of the engine included, is printed without a stack and ends the
 * process with exit code 1, as does a step that ends by itself before.
 */
export async function runStep(main: () => Promise<void>): Promise<void> {
  const passOn = boundOutputs();
  const whole = mustComeToItsEnd("this step");
  try {
    await main();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  } finally {
    whole();
    passOn();
  }
}
