/** Lets new requests wait in the gateway, and the open ones finish, before the only writer is stopped. */
import { goDuration } from "../components/units.ts";
import { readInput, runStep, StepError, tryGateway } from "./engine.ts";

export interface HoldInput {
  /** Container of the gateway. */
  readonly gateway: string;
  /** Name of the route in the gateway. */
  readonly service: string;
  /** Seconds that open requests may take to finish. */
  readonly drain: number;
  /** Seconds that a request may wait at the most. */
  readonly patience: number;
  /** Changes whenever the replicas are about to be replaced. */
  readonly because: string;
}

/** The kamal-proxy words that hold requests. */
export const pauseWords = ({ service, drain, patience }: HoldInput): string[] =>
  ["pause", service, "--drain-timeout", goDuration(drain), "--max-pause", goDuration(patience)];

async function main(): Promise<void> {
  const input = readInput<HoldInput>();
  const { code, stderr } = await tryGateway(input.gateway, pauseWords(input));
  if (code === 0) console.log(`requests wait, ${input.patience} s at the most`);
  else if (!stderr.includes("service not found")) throw new StepError(`the gateway cannot hold requests: ${stderr.trim()}`);
}

if (process.env["BERTH_INPUT"]) void runStep(main);
