/** Waits until an accessory serves, or says why it does not. */
import { setTimeout as sleep } from "node:timers/promises";
import { logLines } from "./diagnosis.ts";
import { docker, tryDocker } from "../engine/docker.ts";
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

async function main(): Promise<void> {
  const { accessory, container, check, deadline } = readInput<ReadyInput>();
  const began = Date.now();
  const seconds = () => ((Date.now() - began) / 1000).toFixed(1);
  for (;;) {
    const { code, stderr } = await tryDocker(["exec", container, ...check]);
    if (code === 0) break;
    const [state, exit] = (await docker(["inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", container])).split(" ");
    const ended = state === "exited" || state === "restarting" || state === "dead";
    if (!ended && Date.now() - began < deadline * 1000) {
      await sleep(PAUSE);
      continue;
    }
    const log = await tryDocker(["logs", "--tail", "50", container]);
    const why = ended ? `its container ended with exit code ${exit} after ${seconds()} s` : `it does not answer after ${seconds()} s: ${stderr.trim().split("\n").at(-1) || "its check fails"}`;
    throw new StepError([`accessory ${accessory} is not ready: ${why}`, ...logLines(container, `${log.stdout}${log.stderr}`), "  Its data are as they were. Mend its configuration and run the update again."].join("\n"));
  }
  console.log(`accessory ${accessory} is ready after ${seconds()} s`);
}

if (process.env["BERTH_INPUT"]) void runStep(main);
