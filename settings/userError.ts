/**
 * An error the user can mend. Its message says on the first line what is wrong and what to do; it is printed
 * without a stack trace.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  /** What the process exits with. Default: 1. */
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
