/** What was live is not left behind because the engine has left one question open. */
import { setTimeout as sleep } from "node:timers/promises";
import { EngineError } from "../docker/engineError.ts";

/** Milliseconds in which an engine that gives no answer is asked again, and between two tries. */
const PATIENCE = 30_000;
const PAUSE = 1000;

/**
 * Does work that is safe to repeat, and again where the engine fails in it: once where it has trouble of its own, for a while where it
 * gives no answer. @throws the last failure
 */
export async function persist<T>(work: () => Promise<T>): Promise<T> {
  const end = Date.now() + PATIENCE;
  for (let first = true; ; first = false) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      const open = ["silent", "broken", "absent"].includes(error.failure);
      if (!first && !(open && Date.now() < end)) throw error;
      if (!open && error.status < 500) throw error;
      console.log(`once more, because ${error.message}`);
      await sleep(PAUSE);
    }
  }
}
