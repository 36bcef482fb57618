/** Every question of every command and step, answered with an error, with half an answer, and not at all. */
import { Board } from "./board.ts";
import { type Case, casesOf, record, strike } from "./strike.ts";
import { type Subject, SUBJECTS } from "./subjects.ts";

export interface SubjectResult {
  readonly subject: string;
  /** Questions of a clean run. */
  readonly calls: number;
  /** Those that are not alike. */
  readonly kinds: number;
  readonly cases: readonly Case[];
  /** Why no case could be tried. */
  readonly failure?: string;
}

export interface QuestionsOptions {
  /** Names of subjects. Default: all. */
  readonly only?: readonly string[] | undefined;
  /** Stacks that work at the same time. Default: 2. */
  readonly boards?: number;
  readonly signal: AbortSignal;
  /** Called after each subject with all that is known by then. */
  keep?(results: readonly SubjectResult[]): Promise<void>;
  say(line: string): void;
}

/** Runs all cases, some stacks at once, each with the next subject. */
export async function runQuestions({ only, boards = 2, signal, keep, say }: QuestionsOptions): Promise<SubjectResult[]> {
  const wanted = SUBJECTS.filter(({ name }) => only === undefined || only.includes(name));
  const waiting = wanted.toReversed(); // those that take longest come first
  const results: SubjectResult[] = [];
  const inOrder = () => wanted.flatMap(({ name }) => results.find(({ subject }) => subject === name) ?? []);
  await Promise.all(
    Array.from({ length: Math.min(boards, waiting.length) }, async () => {
      const board = await Board.make();
      try {
        for (let subject = waiting.shift(); subject && !signal.aborted; subject = waiting.shift()) {
          results.push(await runSubject(board, subject, signal, say));
          await keep?.(inOrder());
        }
      } finally {
        await board.remove();
      }
    }),
  );
  return inOrder();
}

async function runSubject(board: Board, subject: Subject, signal: AbortSignal, say: (line: string) => void): Promise<SubjectResult> {
  const cases: Case[] = [];
  try {
    const asked = await record(board, subject);
    const rules = casesOf(subject, asked);
    say(`${subject.name}: ${asked.length} questions, ${rules.length} cases`);
    for (const rule of rules) {
      if (signal.aborted) break;
      const result = await strike(board, subject, rule);
      cases.push(result);
      if (result.outcome === "WRONG")
        say([`WRONG ${subject.name}: ${rule.fault} at ${rule.who}'s "${rule.kind}" ${rule.number}`, ...result.problems].join("\n    "));
    }
    if (subject.changes) await board.converge();
    return { subject: subject.name, calls: asked.length, kinds: new Set(asked.map(({ who, kind }) => `${who} ${kind}`)).size, cases };
  } catch (error) {
    say(`WRONG ${subject.name}: ${(error as Error).message}`);
    return { subject: subject.name, calls: 0, kinds: 0, cases, failure: (error as Error).message };
  }
}
