/** Sends the traffic back to the release that had it before a switch. */
import { EngineError } from "../docker/engineError.ts";
import { tellGateway } from "../engine/gateway.ts";
import { deployWords } from "../engine/gatewayWords.ts";
import type { Live } from "../engine/live.ts";
import { giveBack, letThrough, newWorkers, pauseWords, stopAll, wake } from "./takeOver.ts";
import { ANSWERING, healthyOf } from "./probe.ts";
import type { RouteInput } from "./switch.ts";

/** Returns what was live with the containers that serve again: those that are left of it. @throws EngineError where there is none */
export async function sendBack(input: RouteInput, live: Live): Promise<Live> {
  const held = { ...input, candidates: input.targets };
  if (!input.exclusive) {
    const back = await lead(input, await wake(live));
    await stopAll(held, await newWorkers(held, live)); // those of the old release still run
    return back;
  }
  const serving = input.maintenance === null;
  if (serving) await tellGateway(input.gateway, pauseWords(held), { deadline: input.drain + ANSWERING });
  const back = await lead(input, await giveBack({ ...held, workers: await newWorkers(held, live) }, live));
  if (serving) await letThrough(held);
  return back;
}

/** Leads the traffic to what was live, or to those of its containers that are healthy: the gateway takes all that it is told, or none. */
async function lead(input: RouteInput, live: Live): Promise<Live> {
  const { containerPort: port, health, drain } = live.settings;
  const deadline = health.deadline + drain + ANSWERING;
  const to = (targets: readonly string[]) =>
    tellGateway(input.gateway, deployWords({ ...input, targets, canary: null, port, health, drain }), { deadline });
  try {
    await to(live.containers);
    return live;
  } catch (error) {
    if (!(error instanceof EngineError && error.failure === "refused") || live.containers.length < 2) throw error;
    const containers = await healthyOf(input.gateway, live);
    if (containers.length === 0) throw error;
    await to(containers);
    return { ...live, containers };
  }
}
