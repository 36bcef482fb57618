/** The end of what a person, or the system, has asked to end. */
import { constants } from "node:os";
import { UserError } from "../settings/userError.ts";
import { interruptedCode } from "./signals.ts";

const CTRL_C = 128 + constants.signals.SIGINT;

/** An end that was asked for. Its exit code is that of the signal, or of Ctrl-C where a program has read that as a key. */
export class Interrupted extends UserError {
  constructor(message: string) {
    super(message, interruptedCode() ?? CTRL_C);
  }
}
