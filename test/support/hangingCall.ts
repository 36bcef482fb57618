/**
 * Loaded before a program, has one of its questions to the engine never answered, with nothing that could wake the program up: the one
 * of that number in HANG_AT. Tells at the end how many there were.
 */
import { Client } from "../../docker/client.ts";

/** Milliseconds that something else may go on. */
const PATIENCE = 1500;
const at = Number(process.env["HANG_AT"]);
let calls = 0;
const client = Client.prototype as unknown as { within(...words: unknown[]): Promise<unknown> };
const within = client.within;
client.within = function (...words) {
  return ++calls === at ? new Promise(() => undefined) : within.apply(this, words);
};
process.on("exit", () => process.stderr.write(`calls: ${calls}\n`));
if (at > 0) setTimeout(() => process.exit(99), PATIENCE).unref();
