/** Against a program that ends before it has come to its end: Node ends with 0 as soon as nothing is left that could wake it up. */

/** Exit code of a program that has not come to its end. */
const UNFINISHED = 70;

/**
 * From now on this process ends with exit code 70, and says so, where it ends before the returned function was called. A failure
 * with an exit code of its own keeps that. The code is there from the beginning, because Pulumi asks for it before the end.
 * @param what the program in words, such as "this step"
 */
export function mustComeToItsEnd(what: string): () => void {
  process.exitCode = UNFINISHED;
  let told = false;
  const refuse = (code: number): void => {
    if (told || (code !== UNFINISHED && code !== 0)) return; // it has failed, and said why
    told = true;
    process.exitCode = UNFINISHED;
    const words = "nothing was left that it could wait for. Run it again, and report it as a fault in Berth where it does so again";
    process.stderr.write(`${what} ended before it had come to its end: ${words}\n`);
  };
  process.on("beforeExit", refuse).on("exit", refuse); // of the two, the first still waits for what is written
  return () => {
    process.off("beforeExit", refuse).off("exit", refuse);
    if (process.exitCode === UNFINISHED) process.exitCode = undefined;
  };
}
