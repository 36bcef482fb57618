import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { findOnPath } from "./path.ts";

/** A program that could not be started or did not exit with 0. The message holds the end of what it printed. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

/** How a program is run. */
export interface RunOptions {
  /** Folder to run in. Default: this process's. */
  readonly cwd?: string;
  /** The whole environment. Default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Called with each line of output as it comes. */
  readonly onLine?: (line: string) => void;
  /** Lets the program come to its own end when this process ends or is killed. Default: it is ended too. */
  readonly endsAlone?: boolean;
  /** Ends the program after this time, in seconds. Default: never. */
  readonly timeoutSeconds?: number;
}

const LINES_IN_ERROR = 15;
const running = new Set<number>();
process.on("exit", stopChildren);

/** Ends every program that `run` started and that is still running, with the programs those have started. */
export function stopChildren(): void {
  for (const pid of running) {
    try {
      process.kill(-pid, "SIGTERM");
    } catch {
      // It ended just now.
    }
  }
}

/** The words that start a program which ends also when this process is killed, where Linux has the tool for it. */
function withParent(words: readonly string[]): readonly string[] {
  const setpriv = findOnPath("setpriv", process.env.PATH);
  return setpriv === undefined ? words : [setpriv, "--pdeathsig", "TERM", "--", ...words];
}

/** Runs a program without a shell and returns what it printed on standard output. Throws `CommandFailed`. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const [program = command, ...words] = options.endsAlone ? [command, ...args] : withParent([command, ...args]);
    // A group of its own, so that ending it also ends what it started.
    const child = spawn(program, words, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const shown = [command, ...args].join(" ");
    const last: string[] = [];
    const output: string[] = [];
    const listen = (stream: NodeJS.ReadableStream, keep: boolean) =>
      createInterface({ input: stream }).on("line", (line) => {
        if (keep) output.push(line);
        last.push(line);
        if (last.length > LINES_IN_ERROR) last.shift();
        options.onLine?.(line);
      });
    listen(child.stdout, true);
    listen(child.stderr, false);

    const { pid } = child;
    if (pid !== undefined && !options.endsAlone) running.add(pid);
    let timedOut = false;
    const timer =
      options.timeoutSeconds === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            if (pid !== undefined) process.kill(-pid, "SIGKILL");
          }, options.timeoutSeconds * 1000);

    child.on("error", (error) => {
      clearTimeout(timer);
      reject(new CommandFailed(`${shown}: ${error.message}`));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (pid !== undefined) running.delete(pid);
      if (code === 0) return resolve(output.join("\n"));
      const how = timedOut ? `gave no result in ${options.timeoutSeconds} s` : `ended with ${signal ?? `exit code ${code}`}`;
      reject(new CommandFailed([`${shown} ${how}`, ...last].join("\n  ")));
    });
  });
}
