/** What became of the questions, in lines and as a page. Pure. */
import type { SubjectResult } from "./questions.ts";
import type { Case, Outcome } from "./strike.ts";

export interface QuestionsRun {
  readonly date: string;
  readonly machine: string;
  readonly minutes: number;
  readonly only?: readonly string[] | undefined;
  readonly results: readonly SubjectResult[];
}

const count = (cases: readonly Case[], outcome: Outcome): number => cases.filter((one) => one.outcome === outcome).length;
const row = (...cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
const head = (...names: readonly string[]): string[] => [row(...names), row(...names.map(() => "---"))];
const longest = (cases: readonly Case[]): string => `${Math.max(0, ...cases.map(({ seconds }) => seconds)).toFixed(1)} s`;

const figures = ({ cases }: Pick<SubjectResult, "cases">): (string | number)[] => {
  const reached = cases.filter(({ outcome }) => outcome !== "not reached");
  return [reached.length, count(cases, "refused"), count(cases, "went on"), count(cases, "WRONG"), longest(cases)];
};

/** One paragraph. */
export function questionsSummary(results: readonly SubjectResult[]): string {
  const cases = results.flatMap((result) => result.cases);
  const sum = (of: (result: SubjectResult) => number) => results.reduce((total, result) => total + of(result), 0);
  const reached = cases.length - count(cases, "not reached");
  return `${reached} cases of ${sum(({ calls }) => calls)} questions (${sum(({ kinds }) => kinds)} that are not alike) of ${results.length} commands and steps: ${count(cases, "refused")} ended with an error that names the question, ${count(cases, "went on")} rightly went on, ${count(cases, "WRONG")} were wrong.`;
}

/** For a terminal. */
export function questionsLines(results: readonly SubjectResult[]): string[] {
  const lines = results.map((result) => {
    const [reached, refused, wentOn, wrong, most] = figures(result);
    return `${result.subject}: ${result.calls} questions, ${reached} cases, ${refused} refused, ${wentOn} went on, ${wrong} wrong, at most ${most}${result.failure ? ` (${result.failure.split("\n")[0]})` : ""}`;
  });
  return [...lines, questionsSummary(results)];
}

/** A page. */
export function questionsPage({ date, machine, minutes, only, results }: QuestionsRun): string {
  const all = results.flatMap(({ cases }) => cases);
  const reasons = [...new Set(all.flatMap(({ reason }) => reason ?? []))].map(
    (reason) => [reason, all.filter((one) => one.reason === reason)] as const,
  );
  const wrong = all.filter(({ outcome }) => outcome === "WRONG");
  return [
    "# When the engine does not answer",
    "",
    `\`npm run chaos -- --questions${only ? ` --parts '${only.join(",")}'` : ""}\` on ${date}, ${Math.round(minutes)} minutes on: ${machine}.`,
    "",
    questionsSummary(results),
    "",
    "Commands and steps run on a real stack, and ask a stand-in for the engine, which passes everything on to the real one. A clean run of",
    "each gives the list of its questions. Then, one at a time, each is answered with an error (500), with half an answer (the connection",
    "breaks), and not at all (deadlines are 5 times shorter then, and at most 15 s). Pulumi's provider asks by the same socket and is never hit.",
    "",
    "A case is good where the exit code is not 0, the error names the question, the end comes within a minute, what was live answers with",
    "its release, and no container, volume, network or image that is in use is gone. After a case that has changed something, one clean",
    "`npm run up -- --yes` has to succeed. Where it is right to go on, the reason is below.",
    "",
    ...head("command or step", "questions", "not alike", "cases", "error names it", "went on", "wrong", "longest from fault to end"),
    ...results.map((result) => row(result.subject, result.calls, result.kinds, ...figures(result))),
    "",
    "In `up`, `preview`, `rollback`, `restore`, `secrets rotate` and `step job` the first of the alike questions is struck. What takes an update",
    "for each case (the steps in `up`, and all of `rollback`, `restore` and `secrets rotate`) takes one of the faults, in turn: each step has all",
    "three by itself, and the last three leave the questions of steps to `up`.",
    "",
    "## Where it is right to go on, or to say it otherwise",
    "",
    ...reasons.map(
      ([reason, cases]) =>
        `- ${cases.length} cases (${[...new Set(cases.map(({ who, fault }) => `${who}: ${fault}`))].sort().join(", ")}): ${reason}.`,
    ),
    "",
    ...(wrong.length === 0
      ? []
      : [
          "## Wrong",
          "",
          ...wrong.map(
            ({ subject, who, kind, number, fault, problems }) =>
              `- ${subject}, ${fault} at ${who}'s "${kind}" ${number}: ${problems[0]?.split("\n")[0] ?? ""}`,
          ),
          "",
        ]),
  ].join("\n");
}
