/** What a command prints: that it arrives whole, and what becomes of it where nobody reads any more. */

/** How long a command that was interrupted waits for a reader that does not read, in milliseconds. */
export const PATIENCE_MS = 2000;

let lost: NodeJS.ErrnoException | undefined;

/** Why output could not be written: EPIPE where the reader has gone, EIO where the terminal has; undefined where all could. */
export const lostOutput = (): NodeJS.ErrnoException | undefined => lost;

/** Keeps output that cannot be written from ending the process. @param onLost called the first time */
export function watchOutput(onLost: (error: NodeJS.ErrnoException) => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      const first = lost === undefined;
      lost ??= error;
      if (first) onLost(error);
    });
  }
}

/**
 * Ends the process when its output has been handed on. `process.exit` alone drops what a pipe has no room for, which is
 * all beyond 64 KiB.
 * @param patience how long to wait for the reader, in milliseconds; default: as long as there is one, who may be a pager
 */
export async function endProcess(code: number, patience?: number): Promise<never> {
  if (patience !== undefined) setTimeout(() => process.exit(code), patience);
  await Promise.all([process.stdout, process.stderr].map(flushed));
  process.exit(code);
}

const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.errored) return resolve();
    stream.once("error", () => resolve()).write("", () => resolve());
  });
