/**
 * Waits until every process of a release is well, or says why one is not. The probe is the gateway's own, so it needs no
 * tool in the app's image and works wherever the engine is.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { explain, explainWorker, failedProbes } from "./diagnosis.ts";
import { startContainer } from "../engine/containers.ts";
import { readInput, runStep, StepError, withRepair } from "./step.ts";
import { type TakeOverInput, isLive, letGo, newWorkers, serveAgain, stopAll, takeOver } from "./takeOver.ts";
import { type JobInput, runOnce } from "./job.ts";
import { findLive, type Live } from "../engine/live.ts";
import { persist } from "./persist.ts";
import { probe } from "./probe.ts";
import { NotPutBack, settle } from "./snapshot.ts";
import { firstCrash, firstUnsteady, steady } from "./processes.ts";
import { together } from "./together.ts";

export interface GateInput extends TakeOverInput {
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
  if (input.migration?.snapshot) await settle(input.owner); // it brings back what was live, and may not while that is held
  const live = input.exclusive || input.workers.length > 0 ? await findLive(input.gateway, input.service) : undefined;
  const again = isLive(input, live);
  try {
    if (input.exclusive && !again) await takeOver(input, live);
    if (input.migration) await runOnce(again ? heldByItself(input.migration) : input.migration);
    await together([...(input.exclusive ? input.candidates : []), ...input.workers], startContainer); // without effect on those that run
    await pass(input);
  } catch (error) {
    if (error instanceof NotPutBack) throw error; // what was live would write to data that are put back later
    await persist(() => standDown(input, live, again)).catch((second: unknown) => {
      throw withRepair(error, "What was live before could not be brought back, run the update again", second);
    });
    throw error;
  }
}

/** A migration of what is live already, for which nothing was stopped. */
const heldByItself = ({ snapshot, ...migration }: JobInput): JobInput => ({
  ...migration,
  snapshot: snapshot && { ...snapshot, alone: true },
});

/** Nothing of a release that failed goes on working, and what was live before is as it was. */
async function standDown(input: GateInput, live: Live | undefined, again: boolean): Promise<void> {
  const workers = await newWorkers(input, live);
  if (input.exclusive && live && !again) {
    const healthy = await serveAgain({ ...input, workers }, live);
    if (!healthy) throw new StepError(`release ${live.release} was started again and does not get healthy`);
    return;
  }
  await stopAll(input, workers);
  if (input.exclusive && !again) await letGo(input);
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
      const crash = typeof outcome === "string" ? { crashed: outcome } : {};
      throw new StepError(await explain(input, { seconds: seconds(), ...probes, ...crash }));
    }
    const left = Math.max(0, started.getTime() + input.health.deadline * 1000 - Date.now()); // Node warns of a negative one
    const late = sleep(left, undefined, { signal: done.signal }).then(() => firstUnsteady(input.workers, started.getTime()));
    late.catch(() => undefined);
    const unsteady = await Promise.race([workers, crashed, late]);
    if (unsteady !== undefined) throw new StepError(await explainWorker(input, unsteady, seconds()));
    const all = input.candidates.length + input.workers.length;
    console.log(`release ${input.release}: ${all} of ${all} healthy after ${seconds()} s`);
  } catch (error) {
    done.abort();
    // Its route is gone before anything else begins.
    await probing.catch((second: unknown) => {
      if (second !== error && second instanceof StepError) throw withRepair(error, "The probe was not ended, either", second);
    });
    throw error;
  } finally {
    done.abort();
  }
}

if (process.env["BERTH_INPUT"]) void runStep(main);
