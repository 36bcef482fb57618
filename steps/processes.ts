/** Whether the processes of a release run, asked of the engine. */
import { setTimeout as sleep } from "node:timers/promises";
import { docker } from "./engine.ts";

/** A worker without a health check is well when it has run for so many seconds. */
const STEADY = 3;
/** Milliseconds. */
const LOOK_EVERY = 500;

/** Fulfilled once all workers are healthy or, without a health check, have run for a while. */
export async function steady(workers: readonly string[], signal: AbortSignal): Promise<undefined> {
  const format = "{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}";
  const since = Date.now();
  while (workers.length > 0) {
    const states = (await docker(["inspect", "--format", format, ...workers])).split("\n");
    if (states.every((state) => state === "healthy" || (state === "running" && Date.now() - since > STEADY * 1000))) break;
    await sleep(LOOK_EVERY, undefined, { signal });
  }
  return undefined;
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
