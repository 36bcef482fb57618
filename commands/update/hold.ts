/** The stack's lock, for as long as a command changes the stack. */
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import { findContainer } from "../../engine/containers.ts";
import type { Owner } from "../../release/labels.ts";
import { type Lock, LOCK_VARIABLE, takeLock } from "../../engine/lock.ts";
import { parseDuration } from "../../settings/units.ts";
import type { PulumiCli } from "../../stack/pulumiCli.ts";

/** Seconds that this command waits in line. */
let patience = 0;
let held: Lock | undefined;

/** Gives a command that changes a stack the option to wait in line. */
export const withWait = (command: Command): Command =>
  command.option("--wait <duration>", 'wait so long where somebody else holds the stack, such as "10m" (default: be refused)', (text) => {
    const seconds = parseDuration(text);
    if (seconds === undefined) throw new InvalidArgumentError('want a duration, such as "10m".');
    patience = seconds;
    return text;
  });

/**
 * Takes the stack's lock, which goes when this process does; without effect where this command has it. Returns whether it is new: what
 * was known of the stack before may be another one's past. @throws StackHeld where another one holds it @throws EngineError
 */
export async function holdStack(cli: PulumiCli, owner: Owner): Promise<boolean> {
  const isNew = await beginToHold(cli, owner);
  await heldStack();
  return isNew;
}

/** Like `holdStack`, a quarter of a second earlier: the stack may be looked at meanwhile, and changed once `heldStack` has ended. */
export async function beginToHold(cli: PulumiCli, owner: Owner): Promise<boolean> {
  if (held) return false;
  held = await takeLock(owner, basename(process.argv[1] ?? "", ".ts"), { wait: patience, onWait: (line) => console.log(line) });
  cli.env[LOCK_VARIABLE] = held.id;
  const { lost } = held;
  lost.addEventListener("abort", () => {
    process.stderr.write(`error: ${(lost.reason as Error).message}. What Pulumi does just now is ended in order: run this again\n`);
    cli.interrupt();
  });
  return true;
}

/**
 * To be waited for before this command changes the stack by itself; Pulumi's program sees to it on its own.
 * @throws EngineError where the lock could not be had
 */
export const heldStack = (): Promise<void> => held?.held ?? Promise.resolve();

/** Gives the lock back before this command ends, and waits until nothing of it is left. @throws EngineError */
export async function releaseStack(): Promise<void> {
  const lock = held;
  if (!lock) return;
  held = undefined;
  lock.release();
  for (const began = Date.now(); Date.now() - began < LEAVING; await sleep(100)) if (!(await findContainer(lock.id))) return;
}

/** Milliseconds that the engine gets to remove it. */
const LEAVING = 5000;
