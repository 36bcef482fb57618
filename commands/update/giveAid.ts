/** Does what first aid has chosen. What fails is told, and left to the update. */
import { setTimeout as sleep } from "node:timers/promises";
import { EngineError } from "../../docker/engineError.ts";
import { startContainer, unpauseContainer, updateContainer } from "../../engine/containers.ts";
import { tellGateway } from "../../engine/gateway.ts";
import { addressesOf, deployWords, maintenanceWords } from "../../engine/gatewayWords.ts";
import { listRoutes } from "../../engine/live.ts";
import { createVolume } from "../../engine/volumes.ts";
import { type Route, targetsOf } from "../../release/route.ts";
import type { Aid } from "./firstAid.ts";

/** The switch comes at once, and only the drain after it takes longer: so long is it waited for, in milliseconds. */
const SWITCH_PATIENCE = 3000;
/** Seconds that a word of the gateway may take beyond the times that it names. */
const SLACK = 30;

/** Does it, one line each. */
export async function giveAid(aids: readonly Aid[]): Promise<void> {
  for (const aid of aids) {
    const why = await failureOf(carryOut(aid));
    console.log(why === undefined ? `  ${outcomeOf(aid)}` : `  left to the update: ${why}`);
  }
}

async function carryOut(aid: Aid): Promise<void> {
  switch (aid.do) {
    case "start":
      return startContainer(aid.name);
    case "unpause":
      return unpauseContainer(aid.name);
    case "make volume":
      return void (await createVolume(aid.name, aid.labels));
    case "set limits":
      return updateContainer(aid.name, limitsOf(aid));
  }
}

/** In the engine's words. */
const limitsOf = ({ memory, cpus, pids }: Aid & { do: "set limits" }) => ({
  Memory: memory,
  MemorySwap: memory,
  NanoCpus: Math.round(cpus * 1e9),
  ...(pids !== undefined && { PidsLimit: pids }),
});

/** What it has done, for a person. */
const outcomeOf = ({ do: done, name }: Aid): string =>
  ({
    start: `${name} started`,
    unpause: `${name} unpaused`,
    "make volume": `volume ${name} made again, empty`,
    "set limits": `limits of ${name} set back`,
  })[done];

/** Leads the traffic past what does not answer, and says so once the gateway does. */
export async function aidRoute(input: Route): Promise<void> {
  const why = await failureOf(lead(input));
  console.log(why === undefined ? `  traffic goes to ${targetsOf(input).join(", ")}` : `  left to the update: ${why}`);
}

/** @throws EngineError where the gateway does not lead there */
async function lead(input: Route): Promise<void> {
  const { gateway, service, health, drain } = input;
  const switched = failureOf(tellGateway(gateway, deployWords(input), { deadline: health.deadline + drain + SLACK }));
  const why = await Promise.race([switched, sleep(SWITCH_PATIENCE, "drains")]);
  if (why !== undefined && why !== "drains") throw new EngineError(why);
  const targets = (await listRoutes(gateway)).find((route) => route.service === service)?.targets ?? [];
  const leads = [...targets].sort().join() === addressesOf(input).sort().join();
  if (!leads) throw new EngineError(`gateway ${gateway} has not switched within ${SWITCH_PATIENCE / 1000} s`);
  await tellGateway(gateway, maintenanceWords(input), { deadline: drain + SLACK });
}

/** Why the engine or the gateway did not do it; undefined where it did. */
async function failureOf(work: Promise<void>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof EngineError) return error.message;
    throw error;
  }
}
