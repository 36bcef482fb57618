/** Pulumi as a child process: what it is attached to, and how it is asked to end. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { UserError } from "../settings/userError.ts";

export interface PulumiPlace {
  /** The program; default: `pulumi`, first on PATH. */
  readonly program?: string;
  readonly cwd?: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Starts Pulumi in a session of its own, so that it and what it starts get no signal of the terminal or of this
 * command's process group: only what this command passes on, which is each wish to end once. Pulumi still draws on the
 * terminal and reads keys from it, Ctrl-C among them, while it shows progress.
 * @param stdio as for `spawn`; output that is not for a terminal comes through this process when it is "shown", because
 * a closed pipe would end Pulumi in the middle of its work
 */
export function startPulumi(
  { program = "pulumi", cwd, env }: PulumiPlace,
  words: readonly string[],
  { stdin, output }: { stdin: "person" | "pipe" | "ignore"; output: "shown" | "pipe" },
): ChildProcess {
  const direct = (stream: NodeJS.WriteStream) => (output === "shown" && stream.isTTY ? "inherit" : "pipe");
  const from = stdin !== "person" ? stdin : process.stdin.isTTY && !inForeground() ? "ignore" : "inherit";
  const child = spawn(program, words, { cwd, env, detached: true, stdio: [from, direct(process.stdout), direct(process.stderr)] });
  if (output === "shown") {
    child.stdout?.on("data", (chunk: Buffer) => process.stdout.write(chunk));
    child.stderr?.on("data", (chunk: Buffer) => process.stderr.write(chunk));
  }
  return child;
}

/** Its exit code; 128 and the signal's number where a signal has ended it. @throws UserError where it could not be started */
export const endOf = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    child.on("error", (error) => reject(new UserError(`Pulumi could not be started: ${error.message}`)));
    child.on("close", (code, signal) => resolve(signal ? 128 + constants.signals[signal] : (code ?? 1)));
  });

/** Asks Pulumi to end its present step in order; asked a second time it ends at once. */
export const askToEnd = (child: ChildProcess): boolean => child.kill("SIGINT");

/**
 * Whether this process may read from its terminal. In a session of its own Pulumi would not be stopped for it, and would
 * take the keys of whoever has the terminal. Pure but for /proc; true where there is none.
 */
function inForeground(): boolean {
  try {
    const [, , group, , , foreground] = readFileSync("/proc/self/stat", "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return group === foreground;
  } catch {
    return true;
  }
}
