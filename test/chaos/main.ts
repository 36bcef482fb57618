/** The forms of `npm run chaos`. */
import type { Result } from "./cell.ts";
import { chart } from "./chart.ts";
import { type DurabilityResult, runDurability } from "./durability.ts";
import { runEndurance } from "./endurance.ts";
import { isRoot, runMatrix } from "./matrix.ts";
import { runQuestions, type SubjectResult } from "./questions/questions.ts";
import { questionsLines, questionsPage } from "./questions/table.ts";
import { machineClass, type Run } from "./run.ts";
import { runSequences } from "./sequences.ts";
import { page, summary, terminalTable } from "./table.ts";

export interface Outcome {
  readonly holds: boolean;
  readonly json: string;
  /** Texts by the name of the file to write. */
  readonly files: Readonly<Record<string, string>>;
}

interface Common {
  readonly seed: number;
  readonly signal: AbortSignal;
  say(line: string): void;
}

export interface MatrixWords extends Common {
  readonly cells?: number | undefined;
  readonly fault?: readonly string[] | undefined;
  readonly step?: readonly string[] | undefined;
  readonly commit: string;
  /** Called after each cell with all that is known by then. */
  keep(outcome: Outcome): Promise<void>;
}

/** One line of progress, more where the cell does not hold. Pure. */
const lineOf = (result: Result, number: number, of: number): string =>
  [
    `${String(number).padStart(String(of).length)}/${of}`,
    result.holds ? "holds" : "DOES NOT HOLD",
    `${result.fault} at ${result.step}:`,
    `${result.requests} requests, ${result.failed} failed${result.failed > 0 ? ` (recovered after ${result.secondsToRecover.toFixed(1)} s, ${result.secondsOfUp.toFixed(1)} s of up)` : ""}, ${result.updates} up, ${result.seconds.toFixed(0)} s`,
    ...(result.remark ? [`(${result.remark})`] : []),
    ...result.problems.map((problem) => `\n    ${problem}`),
  ].join(" ");

/** Every fault at every step. */
export async function chaosMatrix({ seed, cells, fault, step, commit, signal, say, keep }: MatrixWords): Promise<Outcome> {
  say(`Seed ${seed}.`);
  if (!isRoot()) say("Faults that take root on the engine's machine are left out.");
  const started = Date.now();
  const machine = await machineClass();
  const command = [
    "npm run chaos -- --seed",
    seed,
    ...(cells === undefined ? [] : ["--cells", cells]),
    ...(fault ? ["--fault", fault.join(",")] : []),
    ...(step ? ["--step", step.join(",")] : []),
  ].join(" ");
  const runOf = (results: readonly Result[]): Run => ({
    seed,
    date: new Date().toISOString().slice(0, 10),
    command,
    machine,
    commit,
    minutes: (Date.now() - started) / 60_000,
    results,
  });
  const results = await runMatrix({
    seed,
    cells,
    faults: fault,
    steps: step,
    signal,
    done: async (result, number, of, sofar) => {
      say(lineOf(result, number, of));
      await keep(outcomeOf(runOf(sofar)));
    },
    again: (cell, why) => say(`once more, ${cell.fault.name} at ${cell.step}: ${why}`),
  });
  const run = runOf(results);
  say(`\n${terminalTable(run)}\n\n${summary(run)}`);
  return outcomeOf(run);
}

const outcomeOf = (run: Run): Outcome => {
  const json = JSON.stringify(run, undefined, 2);
  return {
    holds: run.results.length > 0 && run.results.every(({ holds }) => holds),
    json,
    files: { "matrix.json": json, "chaos.md": page(run), "chaos.svg": chart(run) },
  };
};

/** Random sequences of operations against a model. */
export async function chaosSequences({ steps, ...common }: Common & { readonly steps: number }): Promise<Outcome> {
  const result = await runSequences({ steps, ...common });
  common.say(
    result.failure
      ? `\nThe model disagrees: ${result.failure}`
      : `\n${result.steps} steps in ${result.sequences.length} sequences, the model agrees after each.`,
  );
  const json = JSON.stringify(result, undefined, 2);
  return { holds: result.holds, json, files: { "sequences.json": json } };
}

/** Releases back to back under full load. */
export async function chaosEndurance({ requests, ...common }: Common & { readonly requests: number }): Promise<Outcome> {
  const result = await runEndurance({ requests, ...common });
  const { done, seconds } = result;
  common.say(
    `\n${result.requests.toLocaleString("en")} requests in ${seconds.toFixed(0)} s (${result.requestsPerSecond.toFixed(0)}/s), ${result.failed} failed, of these ${result.answeredBadly} answered by bad releases while they baked; ${done.good} good releases, ${done.bad} bad, ${done.rollback} rollbacks, ${done.baked} baked and taken back; ${result.notes} notes; longest request ${result.longestSeconds.toFixed(1)} s.`,
  );
  for (const problem of result.problems) common.say(`  ${problem}`);
  const json = JSON.stringify(result, undefined, 2);
  return { holds: result.holds, json, files: { "endurance.json": json } };
}

export interface QuestionsWords extends Common {
  /** Names of commands and steps. Default: all. */
  readonly only?: readonly string[] | undefined;
  /** Called after each of them with all that is known by then. */
  keep(outcome: Outcome): Promise<void>;
}

/** Every question to the engine, answered badly. */
export async function chaosQuestions({ only, signal, say, keep }: QuestionsWords): Promise<Outcome> {
  const started = Date.now();
  const machine = await machineClass();
  const outcome = (results: readonly SubjectResult[]): Outcome => {
    const run = { date: new Date().toISOString().slice(0, 10), machine, minutes: (Date.now() - started) / 60_000, only, results };
    const isGood = ({ failure, cases }: SubjectResult) => failure === undefined && cases.every((one) => one.outcome !== "WRONG");
    const files = { "questions.json": JSON.stringify(run, undefined, 2), "questions.md": questionsPage(run) };
    return { holds: results.length > 0 && results.every(isGood), json: files["questions.json"], files };
  };
  const results = await runQuestions({ only, signal, say, keep: (some) => keep(outcome(some)) });
  say(`\n${questionsLines(results).join("\n")}`);
  return outcome(results);
}

/** Rows written to SQLite and to PostgreSQL while everything goes by. */
export async function chaosDurability({ rows, ...common }: Common & { readonly rows: number }): Promise<Outcome> {
  const results: DurabilityResult[] = [];
  for (const database of ["sqlite", "postgres"] as const) {
    const result = await runDurability(database, { rows, ...common });
    results.push(result);
    const { events, seconds } = result;
    common.say(
      `\n${database}: ${result.rows.toLocaleString("en")} rows acknowledged in ${seconds.toFixed(0)} s (${(result.rows / seconds).toFixed(0)}/s), ${result.stored.toLocaleString("en")} stored, ${result.refused} sent again; ${events.release} releases, ${events.rollback} rollbacks, ${events["engine restart"]} engine restart, ${events.kill} SIGKILL of everything: ${result.holds ? "every acknowledged row is there, once" : "DOES NOT HOLD"}.\n`,
    );
    for (const problem of result.problems) common.say(`  ${problem}`);
  }
  const json = JSON.stringify(results, undefined, 2);
  return { holds: results.every(({ holds }) => holds), json, files: { "durability.json": json } };
}
