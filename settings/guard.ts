/** Against a program that ends before it has come to its end: Node ends with 0 as soon as nothing is left that could wake it up. */

/** Exit code of a program that has not come to its end: an error in software, by the convention of sysexits. */
export const UNFINISHED = 70;

/**
 * From now on this process ends with exit code 1, and says so, where it ends with 0 before the returned function was called.
 * @param what the program in words, such as "this step"
 */
export function mustComeToItsEnd(what: string): () => void {
  let refused = false;
  const refuse = (code: number): void => {
    if (code !== 0 || refused) return; // it has failed, and said why
    refused = true;
    process.exitCode = 1;
    process.stderr.write(`${what} ended before it had come to its end: nothing was left that it could wait for. Run it again, and report it as a fault in Berth where it does so again\n`);
  };
  process.on("beforeExit", refuse).on("exit", refuse); // of the two, the first still waits for what is written
  return () => void process.off("beforeExit", refuse).off("exit", refuse);
}
