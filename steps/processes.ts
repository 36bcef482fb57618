/** Whether the processes of a release run, asked of the engine. */
import { setTimeout as sleep } from "node:timers/promises";
import { docker } from "../engine/docker.ts";

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
  if (workers.length === 0) return undefined;
  const format = "{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}";
  const states = (await docker(["inspect", "--format", format, ...workers])).split("\n");
  const longEnough = Date.now() - since > STEADY * 1000;
  return workers.find((_, index) => states[index] !== "healthy" && !(states[index] === "running" && longEnough));
}

/**
 * The first container that has ended or is started again by the engine: no need to wait for the deadline then. Restarts
 * from before count for nothing, because after a change of the gateway the candidates are replicas that have long been live.
 */
export async function firstCrash(containers: readonly string[], signal: AbortSignal): Promise<string> {
  const format = "{{.Name}} {{.State.Status}} {{.RestartCount}}";
  const before = new Map<string, string>();
  while (!signal.aborted) {
    const lines = (await docker(["inspect", "--format", format, ...containers])).split("\n");
    for (const [name = "", status, restarts = ""] of lines.map((line) => line.split(" "))) {
      if (status !== "running" || restarts !== (before.get(name) ?? restarts)) return name.replace(/^\//, "");
      before.set(name, restarts);
    }
    await sleep(LOOK_EVERY, undefined, { signal }).catch(() => undefined);
  }
  return new Promise(() => undefined); // the probe has answered first
}
