import { constants } from "node:os";
import { styleText } from "node:util";
import { paint } from "../../toolchain/paint.ts";
import { UserError } from "../../settings/userError.ts";

export { paint, UserError };

/** How `main` treats the signals that end a command. */
export interface MainOptions {
  /**
   * Called on SIGINT, SIGTERM or SIGHUP instead of ending at once, so that a command can first let a child finish.
   * The exit code stays that of the signal (130 for Ctrl-C), unless the command ends by itself with another one.
   * A second signal of the same kind ends the command. Default: end at once; child processes of the toolchain are
   * ended with it.
   */
  readonly onSignal?: (signal: NodeJS.Signals) => void;
}

/**
 * Runs one command and ends the process. The exit code is the number that `action` returns (nothing means 0), that of
 * a `UserError`, or 1. A `UserError` is printed as its message alone; any other error also shows where it came from,
 * because it is a fault in Berth.
 */
export async function main(action: () => Promise<number | void>, options: MainOptions = {}): Promise<never> {
  let interrupted: number | undefined;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      const code = 128 + constants.signals[signal];
      if (options.onSignal === undefined || interrupted === code) process.exit(code);
      interrupted = code;
      options.onSignal(signal);
    });
  }
  process.stdout.on("error", endQuietlyOnClosedPipe);
  try {
    const code = await action();
    process.exit(code ?? interrupted ?? 0);
  } catch (error) {
    if (interrupted !== undefined) process.exit(interrupted);
    process.stderr.write(describe(error));
    process.exit(error instanceof UserError ? error.exitCode : 1);
  }
}

function describe(error: unknown): string {
  const label = styleText("red", "error:", { stream: process.stderr });
  if (error instanceof UserError) return `${label} ${error.message}\n`;
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${label} a fault in Berth; please report it with the lines below.\n${detail}\n`;
}

function endQuietlyOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
}
