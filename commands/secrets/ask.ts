/** A secret from a person or a program: by standard input or at a prompt that does not show it, never from the command line. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { valueIn } from "../../release/secretProgram.ts";
import { UserError } from "../shared/cli.ts";

/** @throws UserError where there is none */
export async function readValue(name: string): Promise<Buffer> {
  const value = process.stdin.isTTY ? await prompt(name) : valueIn(await buffer(process.stdin));
  if (value.length === 0) throw new UserError(`the value of ${name} is empty: nothing was changed`);
  return value;
}

async function prompt(name: string): Promise<Buffer> {
  process.stdout.write(`Value of ${name} (one line; it is not shown): `);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const ended = new Promise<string>((resolve) => terminal.on("close", () => resolve("")));
  const answer = await Promise.race([terminal.question(""), ended]);
  terminal.close();
  process.stdout.write("\n");
  return Buffer.from(answer);
}
