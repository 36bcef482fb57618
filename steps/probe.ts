/** The gateway's own probe of containers, by a route that no one can ask for. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { goDuration } from "../settings/units.ts";
import { type Result, tryDocker } from "../engine/docker.ts";
import { tryGateway } from "../engine/gateway.ts";
import type { Live } from "../engine/live.ts";

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

/** The kamal-proxy words that probe all candidates and come back when each is healthy. */
export function probeWords({ release, candidates, port, health }: ProbeInput, host: string): string[] {
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

/** Asks all of them at once. */
export async function probe(gateway: string, input: ProbeInput, signal?: AbortSignal): Promise<Result> {
  try {
    return await tryGateway(gateway, probeWords(input, `${randomUUID()}.invalid`), signal && { signal });
  } finally {
    await tryDocker(["exec", gateway, "kamal-proxy", "remove", `gate-${input.release}`]);
  }
}

/** How long the gateway may take to note an answer, in seconds. */
const NOTING = 0.5;

/**
 * Waits until containers that were stopped serve again, and until their own route knows it. The gateway goes on probing
 * the targets of a route while there are several: it has seen them stop, and answers 503 until it has probed them again.
 */
export async function probeAgain(gateway: string, { release, containers: candidates, settings: { containerPort: port, health } }: Live): Promise<void> {
  await probe(gateway, { release, candidates, port, health });
  if (candidates.length > 1) await sleep((health.interval + NOTING) * 1000);
}
