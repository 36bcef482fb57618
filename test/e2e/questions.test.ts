/** The short form of `npm run chaos -- --questions`: some of the questions to the engine of some commands and steps, answered badly. */
import { Board } from "../chaos/questions/board.ts";
import { casesOf, record, strike } from "../chaos/questions/strike.ts";
import type { Rule } from "../chaos/questions/standIn.ts";
import { CHANGING, LOOKING, STEP_SUBJECTS } from "../chaos/questions/subjects.ts";

const QUICK = ["status", "drift", "logs", "cp in", "prune", "step route", "step record", "step secrets", "step seed"];
/** Every so manieth case: no multiple of three, so that the faults take turns. */
const EVERY = 13;
/** What makes the engine work has a minute, and a copy a day: too long to be silent here. */
const isLong = ({ kind, fault }: Rule): boolean => fault === "silence" && /^(?:to|a new|the) /.test(kind);

let board: Board | undefined;
beforeAll(async () => {
  board = await Board.make({ light: true });
});
afterAll(() => board?.remove());

test.each(QUICK)("%s says what the engine did not answer, and leaves all as it was", async (name) => {
  const subject = [...LOOKING, ...STEP_SUBJECTS].find((one) => one.name === name);
  if (!board || !subject) throw new Error(`there is no ${name}`);
  const rules = casesOf(subject, await record(board, subject)).filter((one, index) => index % EVERY === 0 && !isLong(one));
  const wrong = [];
  for (const rule of rules) {
    const { outcome, problems, output } = await strike(board, subject, rule);
    if (outcome === "WRONG") wrong.push({ rule, problems, output });
  }
  expect(wrong).toEqual([]);
});

test("an update whose lock cannot be had names what the engine did not do, and leaves no lock behind", async () => {
  const up = CHANGING.find(({ name }) => name === "up");
  if (!board || !up) throw new Error("there is no up");
  const rule = { who: "up", kind: "to start container …", number: 1, fault: "error" } as const;
  expect(await strike(board, up, rule)).toMatchObject({ outcome: "refused", problems: [] });
  await board.converge();
});
