/**
 * Keeps what a lost state could not be rebuilt without in the gateway's own volume: the ledger, the names of the data volumes,
 * and the stack's key. Only the gateway sees that volume, and it holds the key of its certificate already.
 */
import { basename, dirname } from "node:path/posix";
import { text } from "node:stream/consumers";
import { copyInto } from "../engine/files.ts";
import { readInput, runStep } from "./step.ts";
import { RECORD_FILE } from "../engine/gatewayWords.ts";

export interface RecordInput {
  /** Container of the gateway. */
  readonly gateway: string;
}

async function main(): Promise<void> {
  const { gateway } = readInput<RecordInput>();
  await copyInto(gateway, dirname(RECORD_FILE), [{ name: basename(RECORD_FILE), content: await text(process.stdin), mode: 0o400 }]);
}

if (process.env["BERTH_INPUT"]) void runStep(main);
