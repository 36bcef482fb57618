/** The matrix in words: for a terminal, and as a page. Pure. */
import Table from "cli-table3";
import type { Result } from "./cell.ts";
import { FAULTS } from "./faults.ts";
import { type Run, totalsOf } from "./run.ts";
import { MEANING, STEPS } from "./steps.ts";

const at = (results: readonly Result[], fault: string, step: string) =>
  results.find((result) => result.fault === fault && result.step === step);
const faultsOf = (results: readonly Result[]) => FAULTS.filter(({ name }) => results.some(({ fault }) => fault === name));
const seconds = (value: number) => `${value.toFixed(1)} s`;

/** A cell in a few characters: failed requests and the time to recover, or that it does not hold. */
function brief(result: Result | undefined): string {
  if (!result) return "";
  const failed = result.failed === 0 ? "0" : `${result.failed}, ${seconds(result.secondsToRecover)}`;
  return result.holds ? failed : `✗ ${failed}`;
}

/** For a terminal. */
export function terminalTable({ results }: Run): string {
  const table = new Table({ head: ["failed, recovered", ...STEPS], style: { head: [], border: [], compact: true } });
  table.push(...faultsOf(results).map(({ name }) => [name, ...STEPS.map((step) => brief(at(results, name, step)))]));
  return table.toString();
}

/** One paragraph. */
export function summary({ results }: Run): string {
  const { cells, hold, requests, failed, failedWrongly, updates } = totalsOf(results);
  return `${hold} of ${cells} cells hold: ${requests.toLocaleString("en")} requests, ${failed.toLocaleString("en")} failed, of these ${failedWrongly} where none may; ${updates} runs of \`npm run up\` after ${cells} faults.`;
}

const row = (...cells: readonly (string | number)[]) =>
  `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
const head = (...names: readonly string[]) => [row(...names), row(...names.map(() => "---"))];

const REST = [
  "## What is not struck",
  "",
  "A restart of the engine and a full disk of the engine take an engine of one's own, and a jump of the clock a machine of one's own.",
  "Faults that take root on the engine's machine (gateway-crash, gateway-state, disk-full) are left out where it is not there. A fault without a box cannot happen at that step.",
  "",
  "## The other forms",
  "",
  "- `npm run chaos -- --sequences`: random releases, bad releases, rollbacks, lost containers and settings against a small model, 200 steps.",
  "- `npm run chaos -- --endurance`: a million requests over 22 releases back to back, bad ones and rollbacks among them.",
  "- `npm run chaos -- --questions`: each question of each command and step to the engine, answered badly: [the last run](questions.md).",
  "- `npm test -- e2e chaos`: a cell and four random steps, as part of `npm test`; with `--long` four cells.",
  "",
  "Options: `--seed <n>` repeats a run, `--cells <n>`, `--fault <names>` and `--step <names>` shorten it, `--json` prints it for machines.",
  "",
] as const;

/** A page. */
export function page(run: Run): string {
  const { results, seed, date, machine, command, commit, minutes } = run;
  const faults = faultsOf(results);
  const broken = results.filter(({ holds }) => !holds);
  const inOrder = faults.flatMap(({ name }) => STEPS.flatMap((step) => at(results, name, step) ?? []));
  return [
    "# What happens when things go wrong",
    "",
    `\`${command}\` on ${date}, commit ${commit}, seed ${seed}, ${Math.round(minutes)} minutes on: ${machine}.`,
    "",
    summary(run),
    "",
    "![The matrix: faults by steps](chaos.svg)",
    "",
    "In each cell an update brings a new release live under some 90 requests a second, the fault strikes once at the step, and when",
    "the update has ended, one way or another, `npm run up -- --yes` runs once. The cell holds if that succeeds, the wanted release",
    "serves, containers, images, volumes, networks, routes, processes and Pulumi's record are exactly those that are wanted, every",
    "note whose POST was acknowledged is stored once, the ledger is right, and no request failed but those that the fault itself took",
    "along, as the table says. People have to be served again 5 s after the fault where the engine heals it, else 5 s after `npm run up` began.",
    "",
    "## Steps",
    "",
    ...head("step", "the fault strikes when"),
    ...STEPS.map((step) => row(step, MEANING[step])),
    "",
    "## Faults",
    "",
    ...head("fault", "what happens"),
    ...faults.map(({ name, what }) => row(name, what)),
    "",
    "## Cells",
    "",
    "`recovered` is the time from the fault to the first good answer after the last failed request was sent, in brackets from the start of",
    "`npm run up`; `longest` is the longest that one request took; `struck` is how the update ended that was struck.",
    "",
    ...head("fault", "step", "requests", "failed", "may fail", "recovered", "longest", "struck", "`up` runs", "left over", "holds"),
    ...inOrder.map((result) =>
      row(
        result.fault,
        result.step,
        result.requests,
        result.failed,
        result.mayFail ?? "none",
        result.failed === 0 ? "" : `${seconds(result.secondsToRecover)} (${seconds(result.secondsOfUp)})`,
        seconds(result.longestSeconds),
        result.struck === undefined ? "" : result.struck.code === 0 ? "succeeded" : `exit code ${result.struck.code}`,
        result.updates,
        result.leftOver.join("; ") || "none",
        `${result.holds ? "yes" : "**no**"}${result.remark ? ` (${result.remark})` : ""}`,
      ),
    ),
    "",
    ...(broken.length === 0
      ? []
      : [
          "## Cells that do not hold",
          "",
          ...broken.flatMap(({ fault, step, problems }) =>
            problems.map((problem) => `- ${fault} at ${step}: ${problem.split("\n")[0] ?? ""}`),
          ),
          "",
        ]),
    ...REST,
  ].join("\n");
}
