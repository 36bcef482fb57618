/** Work that has to be tidied up after, whether it went well or not. */
import { paint } from "./cli.ts";

/** Does the work, then the clean-up. Where both fail, it is the work's error that is thrown; the clean-up's is told. */
export async function andThen<T>(work: () => Promise<T>, cleanUp: () => Promise<void>): Promise<T> {
  const done = await orUndo(work, cleanUp);
  await cleanUp();
  return done;
}

/** Does the work, and the clean-up only where that fails: it is the work's error that is thrown; the clean-up's is told. */
export async function orUndo<T>(work: () => Promise<T>, cleanUp: (error: Error) => Promise<void>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await cleanUp(error as Error).catch((second: Error) => console.error(`${paint("yellow", "warning:")} ${second.message}`));
    throw error;
  }
}
