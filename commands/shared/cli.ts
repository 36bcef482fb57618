import { styleText } from "node:util";
import { paint } from "../../toolchain/paint.ts";
import { UserError } from "../../settings/userError.ts";
import { interruptedCode, listenForSignals } from "../../stack/signals.ts";
import { endProcess, lostOutput, PATIENCE_MS, watchOutput } from "./output.ts";

export { paint, UserError };

/** How `main` treats what ends a command from outside. */
export interface MainOptions {
  /**
   * Called on the first SIGINT, SIGTERM or SIGHUP, and on each further Ctrl-C. Returns true where the command comes to
   * its end by itself now: so it can first let a child finish. Else it ends at once, and child processes of the
   * toolchain are ended with it. The exit code is that of the first signal (130 for Ctrl-C), unless the command ends
   * with another one. Default: end at once.
   */
  readonly onSignal?: (signal: NodeJS.Signals) => boolean | undefined;
  /**
   * Whether the command changes nothing. Where the reader of its output goes (`| head -1`) it ends quietly with 0, while
   * any other goes on with its work and ends with an exit code that is not 0. `onSignal` is told of it as SIGPIPE.
   * Default: false.
   */
  readonly onlyReads?: boolean;
}

/**
 * Runs one command and ends the process once its output has been read. The exit code is the number that `action`
 * returns (nothing means 0), that of a `UserError`, or 1. A `UserError` is printed as its message alone; any other error
 * also shows where it came from, because it is a fault in Berth. Once a signal has interrupted the command, only the
 * error that says so is printed.
 */
export async function main(action: () => Promise<number | void>, { onSignal, onlyReads = false }: MainOptions = {}): Promise<never> {
  let done = false; // all but the reading of what was printed
  listenForSignals((signal) => {
    if (done || onSignal?.(signal) !== true) void endProcess(interruptedCode() ?? 1, PATIENCE_MS);
  });
  watchOutput((error) => {
    if (onlyReads && onSignal?.("SIGPIPE") !== true) void endProcess(codeWithOutputLost(0, error, onlyReads));
  });
  let code: number;
  try {
    code = (await action()) ?? interruptedCode() ?? 0;
  } catch (error) {
    const { exitCode } = error instanceof UserError ? error : { exitCode: 1 };
    const interrupted = interruptedCode();
    if (lostOutput() === undefined && (interrupted === undefined || exitCode === interrupted)) process.stderr.write(describe(error));
    code = interrupted ?? exitCode;
  }
  done = true;
  const lost = lostOutput();
  return endProcess(lost ? codeWithOutputLost(code, lost, onlyReads) : code, interruptedCode() === undefined ? undefined : PATIENCE_MS);
}

/** For `MainOptions.onSignal` of a command that ends by itself once this is aborted; a second wish ends it at once. */
export function abortOnce(controller: AbortController): boolean {
  if (controller.signal.aborted) return false;
  controller.abort();
  return true;
}

function describe(error: unknown): string {
  const label = styleText("red", "error:", { stream: process.stderr });
  if (error instanceof UserError) return `${label} ${error.message}\n`;
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${label} a fault in Berth; please report it with the lines below.\n${detail}\n`;
}

function codeWithOutputLost(code: number, { code: why, message }: NodeJS.ErrnoException, onlyReads: boolean): number {
  if (onlyReads && why === "EPIPE") return 0;
  process.stderr.write(
    `error: not all that was printed could be written (${message})${onlyReads ? "" : "; the work went on to its end all the same: npm run status tells what is live"}\n`,
  );
  return code === 0 ? 1 : code;
}
