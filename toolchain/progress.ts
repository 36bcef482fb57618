import { writeSync } from "node:fs";
import type { Begin } from "./need.ts";

/** How progress is shown: a live list on a terminal, lines for logs, or not at all. */
export type ProgressMode = "live" | "lines" | "none";

/** One long piece of work that tells how it goes. */
export interface Step {
  readonly name: string;
  /** Does the work. `begin` is called each time a way to do it is taken, and returns where to report. */
  run(begin: Begin): Promise<unknown>;
}

/** With lines, how often a step that is still at work says so, in seconds. */
const SIGN_OF_LIFE_SECONDS = 30;

/** A live list on a terminal, lines where any output is collected (CI, a pipe, a file). */
export function progressMode(): ProgressMode {
  return process.stdout.isTTY && process.stderr.isTTY && !process.env.CI ? "live" : "lines";
}

/** A duration as people say it: 72 is "1m12s". */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, "0")}s`;
}

/** Runs steps at the same time and shows how they go on standard error. Rejects with the first step's error. */
export async function runSteps(steps: readonly Step[], mode: ProgressMode): Promise<void> {
  if (mode === "live") await runLive(steps);
  else await Promise.all(steps.map((step) => runWithLines(step, mode === "lines" ? printLine : () => {})));
}

async function runWithLines(step: Step, print: (line: string) => void): Promise<void> {
  const clock = startClock();
  let now = "waiting";
  const timer = setInterval(() => print(`  ${step.name}: ${now} ${clock()}`), SIGN_OF_LIFE_SECONDS * 1000);
  try {
    await step.run((from, typicalSeconds) => {
      now = from;
      print(`  ${step.name}: ${from}, about ${duration(typicalSeconds)}`);
      return () => {};
    });
    print(`  ${step.name}: done in ${clock()}`);
  } finally {
    clearInterval(timer);
  }
}

async function runLive(steps: readonly Step[]): Promise<void> {
  const tasks = steps.map((step) => ({
    title: step.name,
    task: async (_: unknown, task: { title: string; output: string }) => {
      const clock = startClock();
      let now = "waiting";
      const timer = setInterval(() => (task.title = `${step.name} ${now}`.replace("{clock}", clock())), 1000);
      try {
        await step.run((from, typicalSeconds) => {
          now = `${from} {clock} of about ${duration(typicalSeconds)}`;
          return (text) => (task.output = text.slice(0, 100));
        });
        task.title = `${step.name} ${clock()}`;
      } finally {
        clearInterval(timer);
      }
    },
  }));
  // Loaded only here: it takes a while, and most runs have nothing to show.
  const { Listr, ListrLogger, ProcessOutput } = await import("listr2");
  const logger = new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) });
  process.once("exit", showCursor);
  // Signals are the command's business: it also ends the programs that are at work.
  await new Listr(tasks, { concurrent: true, registerSignalListeners: false, rendererOptions: { logger, showErrorMessage: false } }).run();
}

function startClock(): () => string {
  const started = performance.now();
  return () => duration((performance.now() - started) / 1000);
}

/** The list hides the cursor while it runs, and a command that is ended would leave it so. */
function showCursor(): void {
  writeSync(2, "\u001B[?25h"); // process.stderr belongs to the list just then
}

function printLine(line: string): void {
  process.stderr.write(`${line}\n`);
}
