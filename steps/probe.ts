/** The gateway's own probe of containers, by a route that no one can ask for. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { goDuration } from "../settings/units.ts";
import type { Result } from "../engine/containers.ts";
import { tryGateway } from "../engine/gateway.ts";
import type { Live } from "../engine/live.ts";
import { StepError, withRepair } from "./step.ts";

/** What the probe needs to know. */
export interface ProbeInput {
  readonly release: string;
  readonly candidates: readonly string[];
  readonly port: number;
  /** Path and times in seconds. */
  readonly health: { readonly path: string; readonly interval: number; readonly timeout: number; readonly deadline: number };
}

/** Upper limit of the time between two probes, in seconds: while a release waits, a second is long. */
const PROBE_INTERVAL = 0.2;

/** Seconds that the gateway may take for a word beyond those that it is told to wait. */
export const ANSWERING = 30;

/** The kamal-proxy words that probe all candidates and come back when each is healthy. */
export function probeWords({ release, candidates, port, health }: ProbeInput, host: string): string[] {
  return [
    "deploy",
    `gate-${release}`,
    "--host",
    host,
    ...candidates.flatMap((name) => ["--target", `${name}:${port}`]),
    "--health-check-path",
    health.path,
    "--health-check-interval",
    goDuration(Math.min(health.interval, PROBE_INTERVAL)),
    "--health-check-timeout",
    goDuration(health.timeout),
    "--deploy-timeout",
    goDuration(health.deadline),
    "--drain-timeout",
    "1s",
  ];
}

/** Asks all of them at once. Its route is gone afterwards. */
export async function probe(gateway: string, input: ProbeInput, signal?: AbortSignal): Promise<Result> {
  let result: Result;
  try {
    const deadline = input.health.deadline + ANSWERING;
    result = await tryGateway(gateway, probeWords(input, `${randomUUID()}.invalid`), { deadline, signal });
  } catch (error) {
    await removeRoute(gateway, input.release).catch((second: unknown) => {
      throw withRepair(error, "The route of its probe is left in the gateway", second);
    });
    throw error;
  }
  await removeRoute(gateway, input.release);
  return result;
}

/** A route that is left would go on probing, five times a second. */
async function removeRoute(gateway: string, release: string): Promise<void> {
  const { code, stderr } = await tryGateway(gateway, ["remove", `gate-${release}`]);
  if (code === 0 || stderr.includes("service not found")) return;
  throw new StepError(`the gateway does not remove the route gate-${release}: ${stderr.trim()}`);
}

/** How long the gateway may take to note an answer, in seconds. */
const NOTING = 0.5;

/**
 * Waits until containers that were stopped serve again, and until their own route knows it. The gateway goes on probing
 * the targets of a route while there are several: it has seen them stop, and answers 503 until it has probed them again.
 * Returns whether they are healthy.
 */
export async function probeAgain(gateway: string, { release, containers: candidates, targets, settings }: Live): Promise<boolean> {
  const { containerPort: port, health } = settings;
  const { code } = await probe(gateway, { release, candidates, port, health });
  if (targets > 1) await sleep((health.interval + NOTING) * 1000);
  return code === 0;
}

/** Of what was live, the containers that are healthy, each asked alone. */
export async function healthyOf(gateway: string, { release, containers, settings }: Live): Promise<string[]> {
  const { containerPort: port, health } = settings;
  const alone = (name: string, index: number) => probe(gateway, { release: `${release}-${index + 1}`, candidates: [name], port, health });
  const results = await Promise.all(containers.map(alone));
  return containers.filter((_, index) => results[index]?.code === 0);
}
