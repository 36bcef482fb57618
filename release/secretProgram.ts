/** Secrets that a program tells, such as `pass show db`: asked for when they are needed, and kept nowhere. */
import { isUtf8 } from "node:buffer";
import { spawn } from "node:child_process";
import { pathText, setCommand } from "../settings/commands.ts";
import type { SecretProgram } from "../settings/types.ts";

/** More is no secret but a mistake. In bytes. */
const LARGEST = 1024 ** 2;

/** Bytes of a value as a person or a program writes it: the line break that ends a text of one line is not part of it. Pure. */
export const valueIn = (written: Buffer): Buffer =>
  written.indexOf("\n") === written.length - 1 && isUtf8(written) && !written.includes(0) ? written.subarray(0, -1) : written;

/**
 * What the program prints. It has no standard input, and may ask on a terminal.
 * @throws Error that names the secret and the program, with the first line of its standard error
 */
export async function askProgram(name: string, { command, timeout }: SecretProgram): Promise<Buffer> {
  const [program = "", ...words] = command;
  const path = ["secrets", name];
  const fail = (problem: string): never => {
    throw new Error(`${pathText(path)}: ${problem}`);
  };
  const shown = command.join(" ");
  const printed: Buffer[] = [];
  const complaint: Buffer[] = [];
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.on("data", (part: Buffer) => printed.push(part));
  child.stderr.on("data", (part: Buffer) => complaint.push(part));
  const ended = new Promise<{ code: number | null; signal: string | null; error?: NodeJS.ErrnoException }>((resolve) => {
    child.on("error", (error) => resolve({ code: null, signal: null, error }));
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => (timer = setTimeout(() => resolve("late"), timeout * 1000)));
  const end = await Promise.race([ended, late]);
  clearTimeout(timer);
  if (end === "late") {
    child.kill();
    for (const stream of [child.stdout, child.stderr]) stream.destroy(); // what the program has started may hold them open
    return fail(
      `${shown} did not end within ${timeout} s and was stopped. Run it by hand, or give it longer: ${setCommand([...path, "timeout"], "60s")}`,
    );
  }
  if (end.error)
    return fail(
      end.error.code === "ENOENT"
        ? `there is no program ${program}: install it, or name another: ${setCommand([...path, "command", 0], "<program>")}`
        : `${shown} cannot be run: ${end.error.message}`,
    );
  const why =
    Buffer.concat(complaint)
      .toString()
      .split("\n")
      .find((line) => line.trim() !== "")
      ?.trim() ?? "it said nothing on standard error";
  if (end.code !== 0) return fail(`${shown} ended ${end.code === null ? `by ${end.signal}` : `with exit code ${end.code}`}: ${why}`);
  const value = valueIn(Buffer.concat(printed));
  if (value.length === 0) return fail(`${shown} printed nothing`);
  if (value.length > LARGEST) return fail(`${shown} printed ${value.length} bytes, more than a secret may have (${LARGEST})`);
  return value;
}
