/** Prints the stack's key: the one it has printed before, else the one by standard input, else a new one. */
import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { runStep } from "./step.ts";

void runStep(async () => {
  console.log(process.env["PULUMI_COMMAND_STDOUT"] || (await text(process.stdin)) || randomBytes(32).toString("hex"));
});
