/** Asks before something is gone for good. */
import { UserError } from "./cli.ts";
import { askPerson } from "./question.ts";

export interface Question {
  /** What is asked, with all that will happen above it. */
  readonly text: string;
  /** The answer that agrees: "y", or a name that has to be typed. */
  readonly wanted: string;
  /** Whether the person has agreed already, by --yes. */
  readonly agreed: boolean;
}

/** @throws UserError where the answer is another one, or there is nobody to ask */
export async function agree({ text, wanted, agreed }: Question): Promise<void> {
  if (agreed) return;
  if (!process.stdin.isTTY) throw new UserError("there is no terminal to ask on: add --yes if you are sure");
  const yes = wanted === "y" ? await askPerson("agreement", text) : (await askPerson("words", text)).trim() === wanted;
  if (!yes) throw new UserError("nothing was changed");
}
