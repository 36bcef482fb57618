/** Whether the processes of a release run, asked of the engine. */
import { setTimeout as sleep } from "node:timers/promises";
import { findContainer } from "../engine/containers.ts";

/** A worker without a health check is well when it has run for so many seconds. */
const STEADY = 3;
/** Milliseconds. */
const LOOK_EVERY = 500;

/** Fulfilled once all workers are well. */
export async function steady(workers: readonly string[], signal: AbortSignal): Promise<undefined> {
  const since = Date.now();
  while ((await firstUnsteady(workers, since)) !== undefined) await sleep(LOOK_EVERY, undefined, { signal });
  return undefined;
}

/** The first worker that is not healthy or, without a health check, has not run for a while. */
export async function firstUnsteady(workers: readonly string[], since: number): Promise<string | undefined> {
  const states = await Promise.all(workers.map(async (name) => (await findContainer(name))?.State));
  const longEnough = Date.now() - since > STEADY * 1000;
  return workers.find((_, index) => {
    const state = states[index]?.Health?.Status ?? states[index]?.Status;
    return state !== "healthy" && !(state === "running" && longEnough);
  });
}

/**
 * The first container that has ended, is gone, or is started again by the engine: no need to wait for the deadline then. Restarts
 * from before count for nothing, because after a change of the gateway the candidates are replicas that have long been live.
 */
export async function firstCrash(containers: readonly string[], signal: AbortSignal): Promise<string> {
  const before = new Map<string, number>();
  while (!signal.aborted) {
    const found = await Promise.all(containers.map(findContainer));
    for (const [index, name] of containers.entries()) {
      const container = found[index];
      if (container?.State.Status !== "running" || container.RestartCount !== (before.get(name) ?? container.RestartCount)) return name;
      before.set(name, container.RestartCount);
    }
    await sleep(LOOK_EVERY, undefined, { signal }).catch(() => undefined);
  }
  return new Promise(() => undefined); // the probe has answered first
}
