/** What was live is not left behind because the engine has left one question open. */
import { setTimeout as sleep } from "node:timers/promises";
import { EngineError } from "../docker/engineError.ts";

/** Milliseconds in which work is begun again, and between two tries. */
const PATIENCE = 30_000;
const PAUSE = 1000;

/** Whether it may go well the next time: no answer, or the engine's own trouble. */
const passes = (error: unknown): error is EngineError =>
  error instanceof EngineError && (["silent", "broken", "absent"].includes(error.failure) || error.status >= 500);

/**
 * Does work that is safe to repeat, and again where the engine fails in it.
 * @param patience milliseconds in which it is begun again; 0: once. Default: 30,000 @throws the last failure
 */
export async function persist<T>(work: () => Promise<T>, patience = PATIENCE): Promise<T> {
  const end = Date.now() + patience;
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!passes(error) || (tries > 1 && Date.now() > end)) throw error;
      console.log(`once more, because ${error.message}`);
      await sleep(PAUSE);
    }
  }
}
