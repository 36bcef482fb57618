/** An update that is watched while it runs. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Checkout } from "../e2e/support/checkout.ts";
import { updateProcesses } from "./updateProcesses.ts";

export interface Ended {
  readonly code: number;
  readonly output: string;
  readonly seconds: number;
  /** It did not end by itself. */
  readonly hung: boolean;
}

export interface Update {
  /** Fulfilled with true when a line matches, with false when the update has ended before. */
  sees(pattern: RegExp): Promise<boolean>;
  readonly ended: Promise<Ended>;
  /** Sends a signal to the whole process group, as a terminal does. */
  signal(signal: NodeJS.Signals): void;
  /** Takes its output away and sends SIGHUP to the whole group, as a connection does that is lost. */
  hangUp(): void;
  /** Ends it with all its processes. */
  kill(): void;
}

export interface StartOptions {
  /** What it may read: nothing, or a pipe that nothing comes from. Default: nothing. */
  readonly stdin?: "ignore" | "pipe" | undefined;
}

/** No update takes longer, in milliseconds: one that does hangs. */
const PATIENCE = 120_000;

const running = new Set<Update>();

/** Ends all commands that are at work: after Ctrl-C. */
export function endAll(): void {
  for (const update of running) update.kill();
}

/** Starts `npm run <verb> -- --stack <its own> <words>` in the checkout. */
export function startCommand(checkout: Checkout, verb: string, ...words: string[]): Update {
  return startProgram(checkout, commandWords(checkout, verb, ...words));
}

export const commandWords = ({ stack }: Pick<Checkout, "stack">, verb: string, ...words: readonly string[]): string[] => [
  "npm",
  "run",
  "--silent",
  verb,
  "--",
  "--stack",
  stack,
  ...words,
];

/** Starts a program in the checkout, with a process group of its own. */
export function startProgram(
  checkout: Pick<Checkout, "folder" | "env">,
  [program = "", ...words]: readonly string[],
  { stdin = "ignore" }: StartOptions = {},
): Update {
  const started = Date.now();
  const child = spawn(program, words, { cwd: checkout.folder, env: checkout.env, stdio: [stdin, "pipe", "pipe"], detached: true });
  const waiting = new Set<{ pattern: RegExp; resolve: (seen: boolean) => void }>();
  let output = "";
  let hung = false;
  let over = false;
  const read = (text: string) => {
    output += text;
    for (const one of waiting) if (output.split("\n").some((line) => one.pattern.test(line))) settle(one, true);
  };
  const settle = (one: { resolve: (seen: boolean) => void; pattern: RegExp }, seen: boolean) => {
    waiting.delete(one);
    one.resolve(seen);
  };
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", read);
  const signal = (name: NodeJS.Signals) => {
    if (child.pid === undefined || child.exitCode !== null) throw new Error(`there is nothing to send ${name} to: it has ended`);
    process.kill(-child.pid, name);
  };
  const kill = () => {
    const pids = [...(child.pid === undefined ? [] : [-child.pid]), ...updateProcesses(checkout.folder).map(({ pid }) => pid)];
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
  };
  const ended = new Promise<Ended>((resolve, reject) => {
    const patience = setTimeout(() => {
      hung = true;
      kill();
    }, PATIENCE);
    // Not "close": what a killed Pulumi leaves behind holds the pipes open.
    child.on("exit", (code, ended) => {
      clearTimeout(patience);
      setTimeout(() => {
        over = true;
        for (const one of waiting) settle(one, false);
        resolve({
          code: code ?? (ended === null ? 1 : 128 + constants.signals[ended]),
          output,
          seconds: (Date.now() - started) / 1000,
          hung,
        });
      }, 50);
    });
    child.on("error", reject);
  });
  const update: Update = {
    ended,
    signal,
    hangUp: () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      signal("SIGHUP");
    },
    kill,
    sees: (pattern) =>
      new Promise((resolve) => {
        const one = { pattern, resolve };
        waiting.add(one);
        read("");
        if (over && waiting.has(one)) settle(one, false);
      }),
  };
  running.add(update);
  void ended.finally(() => running.delete(update)).catch(() => undefined);
  return update;
}

/** Brings the configured release live, and waits until the command has ended. */
export const up = (checkout: Checkout): Promise<Ended> => startCommand(checkout, "up", "--yes").ended;
