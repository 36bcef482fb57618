/**
 * Waits until every candidate of a release is healthy, or says why one is not. The probe is the gateway's own, by a
 * route that no one can ask for, so it needs no tool in the app's image and works wherever the engine is.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { goDuration } from "../components/units.ts";
import { explain, failedProbes } from "./diagnosis.ts";
import { docker, readInput, runStep, StepError, tryDocker, tryGateway } from "./engine.ts";

export interface GateInput {
  /** Container of the gateway. */
  readonly gateway: string;
  readonly release: string;
  /** Containers that must get healthy. */
  readonly candidates: readonly string[];
  readonly port: number;
  /** Path and times in seconds. */
  readonly health: { readonly path: string; readonly interval: number; readonly timeout: number; readonly deadline: number };
}

/** Upper limit of the time between two probes, in seconds: while a release waits, a second is long. */
const PROBE_INTERVAL = 0.2;

/** The kamal-proxy words that probe all candidates and come back when each is healthy. */
export function probeWords({ release, candidates, port, health }: GateInput, host: string): string[] {
  return [
    "deploy", `gate-${release}`,
    "--host", host,
    ...candidates.flatMap((name) => ["--target", `${name}:${port}`]),
    "--health-check-path", health.path,
    "--health-check-interval", goDuration(Math.min(health.interval, PROBE_INTERVAL)),
    "--health-check-timeout", goDuration(health.timeout),
    "--deploy-timeout", goDuration(health.deadline),
    "--drain-timeout", "1s",
  ];
}

async function main(): Promise<void> {
  const input = readInput<GateInput>();
  const started = new Date();
  const done = new AbortController();
  try {
    const probing = tryGateway(input.gateway, probeWords(input, `${randomUUID()}.invalid`), { signal: done.signal });
    const crashed = firstCrash(input.candidates, done.signal);
    crashed.catch(() => undefined); // once the probe has answered, nobody waits for it
    const outcome = await Promise.race([probing, crashed]);
    const seconds = ((Date.now() - started.getTime()) / 1000).toFixed(1);
    if (typeof outcome === "string" || outcome.code !== 0) {
      const probes = await failedProbes(input.gateway, started, input.candidates);
      throw new StepError(await explain(input, { seconds, probes, ...(typeof outcome === "string" && { crashed: outcome }) }));
    }
    console.log(`release ${input.release}: ${input.candidates.length} of ${input.candidates.length} healthy after ${seconds} s`);
  } finally {
    done.abort();
    await tryDocker(["exec", input.gateway, "kamal-proxy", "remove", `gate-${input.release}`]);
  }
}

/**
 * The first candidate that has ended or is started again by the engine: no need to wait for the deadline then. Restarts
 * from before count for nothing, because after a change of the gateway the candidates are replicas that have long been live.
 */
async function firstCrash(candidates: readonly string[], signal: AbortSignal): Promise<string> {
  const format = "{{.Name}} {{.State.Status}} {{.RestartCount}}";
  const before = new Map<string, string>();
  while (!signal.aborted) {
    const lines = (await docker(["inspect", "--format", format, ...candidates])).split("\n");
    for (const [name = "", status, restarts = ""] of lines.map((line) => line.split(" "))) {
      if (status !== "running" || restarts !== (before.get(name) ?? restarts)) return name.replace(/^\//, "");
      before.set(name, restarts);
    }
    await sleep(500, undefined, { signal }).catch(() => undefined);
  }
  return new Promise(() => undefined); // the probe has answered first
}

if (process.env["BERTH_INPUT"]) void runStep(main);
