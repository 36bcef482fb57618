/** One run of one command, with the time until it returns. */
import { spawn } from "node:child_process";
import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Family, type Process, VARIABLE } from "./processes.ts";

export interface Command {
  readonly words: readonly string[];
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface Measured {
  readonly seconds: number;
  /** See `Sample`. */
  readonly load: number;
  /** What was seen at each look; empty where nobody looked. `at` is in milliseconds since it began. */
  readonly samples: readonly { readonly at: number; readonly processes: readonly Process[] }[];
}

export interface Watch {
  /** Milliseconds between two looks at the processes. Default: nobody looks. */
  readonly every?: number;
  /** Whether to ask for their memory. */
  readonly memory?: boolean;
  readonly signal: AbortSignal;
  /** Called at each look. */
  look?(at: number): void;
}

/** No command takes longer, in milliseconds: one that does hangs. */
const PATIENCE = 300_000;
/** After Ctrl-C, milliseconds until a command that has not ended by itself is killed. */
const GRACE = 10_000;

let number = 0;

/** @throws Error where the command does not exit with 0, or was ended by the signal */
export async function measure(
  { words: [program = "", ...words], folder, env }: Command,
  { every, memory = false, signal, look }: Watch,
): Promise<Measured> {
  signal.throwIfAborted();
  const mark = `${process.pid}-${++number}`;
  const family = new Family(mark);
  const [load = 0] = loadavg();
  const samples: { at: number; processes: Process[] }[] = [];
  const started = performance.now();
  const since = () => performance.now() - started;
  // A group of its own: Ctrl-C in a terminal is for the bench, which ends what it has started.
  const child = spawn(program, words, {
    cwd: folder,
    env: { ...env, [VARIABLE]: mark },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const end = async () => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
    for (const last = Date.now() + GRACE; family.pids().length > 0 && Date.now() < last;) await sleep(100);
    family.kill();
  };
  const ended = () => void end().catch(() => family.kill());
  signal.addEventListener("abort", ended, { once: true });
  const patience = setTimeout(ended, PATIENCE);
  const sample = () => {
    look?.(since());
    samples.push({ at: since(), processes: family.processes(memory) });
  };
  const timer = every === undefined ? undefined : setInterval(sample, every);
  try {
    // Not "close": whatever goes on behind it is not what a person waits for.
    const code = await new Promise<number>((resolve, reject) => child.on("error", reject).on("exit", (exit) => resolve(exit ?? 1)));
    const seconds = since() / 1000;
    if (signal.aborted) for (const last = Date.now() + GRACE + 1000; family.pids().length > 0 && Date.now() < last;) await sleep(50);
    signal.throwIfAborted();
    if (code !== 0) throw new Error(`${[program, ...words].join(" ")} ended with ${code}:\n${output}`);
    look?.(since());
    return { seconds, load, samples };
  } finally {
    clearInterval(timer);
    clearTimeout(patience);
    signal.removeEventListener("abort", ended);
  }
}
