/**
 * Keeps what a lost state could not be rebuilt without in the gateway's own volume: the ledger, the names of the data volumes,
 * and the stack's key. Only the gateway sees that volume, and it holds the key of its certificate already.
 */
import { text } from "node:stream/consumers";
import { copyInto } from "./copy.ts";
import { readInput, runStep } from "./engine.ts";
import { TLS_FOLDER } from "./switch.ts";

export interface RecordInput {
  /** Container of the gateway. */
  readonly gateway: string;
}

const NAME = "berth-record.json";
/** Where the record is in the gateway. */
export const RECORD_FILE = `${TLS_FOLDER}/${NAME}`;

async function main(): Promise<void> {
  const { gateway } = readInput<RecordInput>();
  await copyInto(gateway, TLS_FOLDER, [{ name: NAME, content: await text(process.stdin), mode: 0o400 }]);
}

if (process.env["BERTH_INPUT"]) void runStep(main);
