/**
 * Waits until every process of a release is well, or says why one is not. The probe is the gateway's own, so it needs no
 * tool in the app's image and works wherever the engine is.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { explain, explainWorker, failedProbes } from "./diagnosis.ts";
import { docker, tryDocker } from "../engine/docker.ts";
import { readInput, runStep, StepError, withRepair } from "./step.ts";
import { type HoldInput, isLive, newWorkers, serveAgain, takeOver } from "./hold.ts";
import { type JobInput, runOnce } from "./job.ts";
import { findLive, type Live } from "../engine/live.ts";
import { probe } from "./probe.ts";
import { firstCrash, firstUnsteady, steady } from "./processes.ts";

export interface GateInput extends HoldInput {
  readonly release: string;
  readonly port: number;
  /** Path and times in seconds. */
  readonly health: { readonly path: string; readonly interval: number; readonly timeout: number; readonly deadline: number };
  /** The app allows one writer: the old release stops before the new one starts, and comes back where that fails. */
  readonly exclusive: boolean;
  /** With `exclusive`: the job between the two; null: none. */
  readonly migration: JobInput | null;
}

async function main(): Promise<void> {
  const input = readInput<GateInput>();
  const live = input.exclusive || input.workers.length > 0 ? await findLive(input.gateway, input.service) : undefined;
  const again = isLive(input, live);
  try {
    if (input.exclusive && !again) await takeOver(input, live);
    if (input.migration) await runOnce(input.migration);
    const waiting = [...(input.exclusive ? input.candidates : []), ...input.workers];
    if (waiting.length > 0) await docker(["start", ...waiting]); // without effect on those that run
    await pass(input);
  } catch (error) {
    await standDown(input, live, again).catch((second: unknown) => {
      throw withRepair(error, "What was live before could not be brought back, run the update again", second);
    });
    throw error;
  }
}

/** Nothing of a release that failed goes on working, and what was live before is as it was. */
async function standDown(input: GateInput, live: Live | undefined, again: boolean): Promise<void> {
  const workers = await newWorkers(input, live);
  if (workers.length > 0) await tryDocker(["stop", ...workers]);
  if (input.exclusive && live && !again) await serveAgain({ ...input, workers }, live);
}

/** @throws StepError with the story of the first process that is not well */
async function pass(input: GateInput): Promise<void> {
  const started = new Date();
  const seconds = () => ((Date.now() - started.getTime()) / 1000).toFixed(1);
  const done = new AbortController();
  const probing = probe(input.gateway, input, done.signal);
  try {
    const workers = steady(input.workers, done.signal);
    const crashed = firstCrash([...input.candidates, ...input.workers], done.signal);
    for (const other of [workers, crashed]) other.catch(() => undefined); // once one has answered, nobody waits for the rest
    const outcome = await Promise.race([probing, crashed]);
    if (typeof outcome === "string" && input.workers.includes(outcome)) throw new StepError(await explainWorker(input, outcome, seconds()));
    if (typeof outcome === "string" || outcome.code !== 0) {
      const probes = await failedProbes(input.gateway, started, input.candidates);
      throw new StepError(await explain(input, { seconds: seconds(), probes, ...(typeof outcome === "string" && { crashed: outcome }) }));
    }
    const left = Math.max(0, started.getTime() + input.health.deadline * 1000 - Date.now()); // Node warns of a negative one
    const late = sleep(left, undefined, { signal: done.signal }).then(() => firstUnsteady(input.workers, started.getTime()));
    late.catch(() => undefined);
    const unsteady = await Promise.race([workers, crashed, late]);
    if (unsteady !== undefined) throw new StepError(await explainWorker(input, unsteady, seconds()));
    const all = input.candidates.length + input.workers.length;
    console.log(`release ${input.release}: ${all} of ${all} healthy after ${seconds()} s`);
  } finally {
    done.abort();
    await probing.catch(() => undefined); // its route is gone before anything else begins
  }
}

if (process.env["BERTH_INPUT"]) void runStep(main);
