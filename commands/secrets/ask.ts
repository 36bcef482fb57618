/** A secret from a person or a program: by standard input or at a prompt that does not show it, never from the command line. */
import { valueIn } from "../../release/secretProgram.ts";
import { UserError } from "../shared/cli.ts";
import { askPerson, readInput } from "../shared/question.ts";

/** @throws UserError where there is none */
export async function readValue(name: string): Promise<Buffer> {
  const value = process.stdin.isTTY
    ? Buffer.from(await askPerson("secret", `Value of ${name} (one line; it is not shown):`))
    : valueIn(await readInput());
  if (value.length === 0) throw new UserError(`the value of ${name} is empty: nothing was changed`);
  return value;
}
