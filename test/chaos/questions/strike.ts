/** One case: a question of a run is answered badly, and what became of it is held against what has to be. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Board, Ended } from "./board.ts";
import { excuseFor } from "./excuses.ts";
import { type Fault, FAULTS, type Question, type Rule } from "./standIn.ts";
import type { Subject } from "./subjects.ts";

/** So long may a command take from the fault to its end, in seconds: a deadline, and what has to be put right. */
const SOON = 60;
/** Seconds until what was live has to answer again: requests wait while a step has them held. */
const AGAIN = 5;

/** refused: an error with the question in it; went on: rightly, see `excuses.ts`; not reached: nothing was struck. */
export type Outcome = "refused" | "went on" | "not reached" | "WRONG";

export interface Case {
  readonly subject: string;
  readonly who: string;
  readonly kind: string;
  readonly number: number;
  readonly fault: Fault;
  readonly outcome: Outcome;
  /** What is wrong. */
  readonly problems: readonly string[];
  /** From the fault to the end. */
  readonly seconds: number;
  /** Why it went on. */
  readonly reason?: string | undefined;
  readonly converged?: boolean;
  /** Where something is wrong: what the program printed. */
  readonly output?: string;
}

/** What a clean run asks. @throws Error where it does not end as it should */
export async function record(board: Board, subject: Subject): Promise<Question[]> {
  board.standIn.begin();
  await subject.prepare?.(board);
  await subject.before?.(board);
  board.standIn.begin();
  board.shortened = false;
  const { code, output } = await subject.run(board);
  const { asked } = board.standIn;
  await subject.after?.(board);
  if (code !== (subject.code ?? 0)) throw new Error(`${subject.name} ended with ${code} where nothing was wrong:\n${output}`);
  if (subject.changes) await board.converge();
  return asked;
}

/** Each question with each fault, in order; see `Subject`. Pure. */
export function casesOf({ most = Infinity, once, without }: Subject, asked: readonly Question[]): Rule[] {
  return asked
    .filter(({ who, number }) => number <= most && !without?.(who))
    .flatMap(({ who, kind, number }, index) =>
      (once?.(who) ? [FAULTS[index % FAULTS.length] ?? "error"] : FAULTS).map((fault) => ({ who, kind, number, fault })),
    );
}

/** Runs a case, twice where it was not reached: not every run asks in the same order. */
export async function strike(board: Board, subject: Subject, rule: Rule): Promise<Case> {
  const first = await strikeOnce(board, subject, rule);
  return first.outcome === "not reached" ? strikeOnce(board, subject, rule) : first;
}

async function strikeOnce(board: Board, subject: Subject, rule: Rule): Promise<Case> {
  await subject.before?.(board);
  const [before, live] = [await board.things(), await board.about()];
  board.standIn.begin(rule);
  board.shortened = rule.fault === "silence";
  const ended = await subject.run(board);
  const { struck, struckAt, again } = board.standIn;
  board.standIn.begin();
  const seconds = struck ? (Date.now() - struckAt) / 1000 : 0;
  const problems: string[] = [];
  if (subject.changes) problems.push(...(await keeps(board, before.filter(isData))));
  else problems.push(...(await keeps(board, before)));
  const now = await aboutSoon(board);
  if (!now) problems.push(`what was live does not answer after ${AGAIN} s`);
  else if (!subject.changes && now.release !== live?.release) problems.push(`release ${now.release} answers, ${live?.release} was live`);
  await subject.after?.(board);
  // Else the next case suffers.
  if (!subject.changes && problems.length > 0) await board.converge().catch((error: Error) => problems.push(error.message));
  const base = { subject: subject.name, ...rule, seconds };
  if (!struck && problems.length === 0) {
    if (subject.changes) await board.converge();
    return { ...base, outcome: "not reached", problems };
  }
  const reason = (rule.fault === "break" && again ? ASKED_AGAIN : undefined) ?? excuseFor(rule, ended.output);
  const wentOn = ended.code === (subject.code ?? 0) && !(subject.code && names(ended.output, struck));
  problems.push(...judge(ended, struck, seconds, wentOn, reason));
  let converged = false;
  if (subject.changes && (rule.who !== subject.name.split(" ")[0] || (await board.things()).join() !== before.join())) {
    converged = await board.converge().then(
      () => true,
      (error: Error) => (problems.push(error.message), false),
    );
  }
  const outcome = problems.length > 0 ? "WRONG" : wentOn ? "went on" : "refused";
  return {
    ...base,
    outcome,
    problems,
    ...((wentOn || !names(ended.output, struck)) && { reason }),
    ...(subject.changes && { converged }),
    ...(problems.length > 0 && { output: ended.output }),
  };
}

function judge(
  { code, output, hung }: Ended,
  struck: Question | undefined,
  seconds: number,
  wentOn: boolean,
  reason: string | undefined,
): string[] {
  if (hung) return ["it hangs"];
  const stack = /a fault in Berth|^ {4}at .*\.ts:\d+/m.test(output) ? ["it ends with a stack"] : [];
  const late = seconds > SOON ? [`it ended ${seconds.toFixed(0)} s after the fault`] : [];
  if (wentOn) return [...stack, ...late, ...(reason === undefined ? [`exit code ${code}, as if nothing were wrong`] : [])];
  return [
    ...stack,
    ...late,
    ...(names(output, struck) || reason !== undefined ? [] : [`the error does not name the question: ${struck?.what}`]),
  ];
}

/** Whether the words of the question are in an output; of a program that did not end its words without "to run". */
const names = (output: string, struck: Question | undefined): boolean =>
  struck !== undefined && output.includes(struck.what.replace(/^to run /, ""));

const ASKED_AGAIN = "asked again, on a connection of its own: it changes nothing";

/** What nobody may lose, whatever an update does: data, the gateway's own, the network. */
const isData = (line: string): boolean => /^volume (?!snapshot|secrets|backup )|^network/.test(line);

/** Containers and volumes of a step that is made again, that of a test, and what a restore that failed has begun. */
const IN_PASSING = /^(?:container (?:job|snapshot|helper|backup) |volume (?:snapshot|backup) )|-scratch|-restored-\w+ \(unused\)$/;

async function keeps(board: Board, before: readonly string[]): Promise<string[]> {
  const plain = (line: string) => line.replace(/ \(unused\)$/, "");
  const after = (await board.things()).map(plain);
  return before.filter((line) => !after.includes(plain(line)) && !IN_PASSING.test(line)).map((line) => `gone: ${line}`);
}

async function aboutSoon(board: Board) {
  for (const end = Date.now() + AGAIN * 1000; ; await sleep(200)) {
    const now = await board.about();
    if (now || Date.now() > end) return now;
  }
}
