/** Waits until an accessory serves, or says why it does not. */
import { setTimeout as sleep } from "node:timers/promises";
import { EngineError } from "../docker/engineError.ts";
import { execIn, getContainer, type Result } from "../engine/containers.ts";
import { lastWords } from "./diagnosis.ts";
import { readInput, runStep, StepError } from "./step.ts";

export interface ReadyInput {
  /** Name in the configuration. */
  readonly accessory: string;
  readonly container: string;
  /** The engine's id of the container: another one has to prove itself again. */
  readonly id: string;
  /** Program in the container that exits with 0 once it serves. */
  readonly check: readonly string[];
  /** Seconds. */
  readonly deadline: number;
}

/** Milliseconds between two checks. */
const PAUSE = 200;

/** Seconds that one check may take. */
const CHECK = 10;

async function main(): Promise<void> {
  const { accessory, container, check, deadline } = readInput<ReadyInput>();
  const began = Date.now();
  const seconds = () => ((Date.now() - began) / 1000).toFixed(1);
  for (;;) {
    const { code, stderr } = await tryCheck(container, check, Math.max(1, Math.min(CHECK, deadline - (Date.now() - began) / 1000)));
    if (code === 0) break;
    const { Status, ExitCode } = (await getContainer(container)).State;
    const ended = Status === "exited" || Status === "restarting" || Status === "dead";
    if (!ended && Date.now() - began < deadline * 1000) {
      await sleep(PAUSE);
      continue;
    }
    const why = ended
      ? `its container ended with exit code ${ExitCode} after ${seconds()} s`
      : `it does not answer after ${seconds()} s: ${stderr.trim().split("\n").at(-1) || "its check fails"}`;
    const advice = "  Its data are as they were. Mend its configuration and run the update again.";
    throw new StepError([`accessory ${accessory} is not ready: ${why}`, ...(await lastWords(container)), advice].join("\n"));
  }
  console.log(`accessory ${accessory} is ready after ${seconds()} s`);
}

/** A check that does not end, or that cannot run in a container that has ended, has failed. @throws EngineError for all else */
async function tryCheck(container: string, check: readonly string[], seconds: number): Promise<Result> {
  try {
    return await execIn(container, check, { seconds });
  } catch (error) {
    if (!(error instanceof EngineError && (error.failure === "refused" || error.failure === "silent"))) throw error;
    return { code: 1, stdout: "", stderr: error.words || error.message }; // whether the engine answers at all, the container's state tells
  }
}

if (process.env["BERTH_INPUT"]) void runStep(main);
