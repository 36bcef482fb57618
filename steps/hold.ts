/** For an app that allows one writer: requests wait in the gateway while the old containers stop and the new ones start. */
import { ownedBy, type Owner, SECRETS_LABEL } from "../engine/labels.ts";
import { goDuration } from "../settings/units.ts";
import { docker } from "../engine/docker.ts";
import { tellGateway, tryGateway } from "../engine/gateway.ts";
import { StepError } from "./step.ts";
import type { Live } from "../engine/live.ts";
import { probeAgain } from "./probe.ts";

export interface HoldInput {
  readonly owner: Owner;
  /** Container of the gateway. */
  readonly gateway: string;
  /** Name of the route in the gateway. */
  readonly service: string;
  /** Containers of the new release that take traffic, and those that do not. */
  readonly candidates: readonly string[];
  readonly workers: readonly string[];
  /** Seconds that open requests may take to finish, and that a container may take to stop. */
  readonly drain: number;
  readonly health: { readonly deadline: number };
  /** What else runs while requests wait. */
  readonly migration?: { readonly job: { readonly timeout: number }; readonly snapshot: object | null } | null;
}

/** Extra time that a held request waits beyond draining and the gate's deadline, in seconds: stopping and starting containers. */
const MARGIN = 60;

/** Seconds that copying the volumes before a migration may take while requests wait. */
const COPYING = 900;

/** The kamal-proxy words that hold requests. */
export const pauseWords = ({ service, drain, health, migration }: HoldInput): string[] =>
  ["pause", service, "--drain-timeout", goDuration(drain), "--max-pause", goDuration(drain + health.deadline + (migration?.job.timeout ?? 0) + (migration?.snapshot ? COPYING : 0) + MARGIN)];

/** State of a route that answers with the maintenance page: there is nothing to hold. */
export const MAINTENANCE = "stopped";

/** Holds the requests and stops all processes of the app that are not the new release's. */
export async function takeOver(input: HoldInput, live: Live | undefined): Promise<void> {
  if (live?.state !== MAINTENANCE) {
    const { code, stderr } = await tryGateway(input.gateway, pauseWords(input));
    if (code !== 0 && !stderr.includes("service not found")) throw new StepError(`the gateway cannot hold requests: ${stderr.trim()}`);
  }
  await stop(input, (await processes(input.owner, ["status=running", "status=restarting"])).filter((name) => !isNew(input, name)));
}

/** Stops the new release and starts the one that was live, while requests go on waiting: the caller lets them through. */
export async function giveBack(input: HoldInput, live: Live): Promise<void> {
  await stop(input, [...input.candidates, ...input.workers]);
  const before = await processes(input.owner, [`label=berth.release=${live.release}`], live.secrets); // with other secrets, it is one that failed
  await docker(["start", ...before.filter((name) => !isNew(input, name))]);
}

/** Like `giveBack`, and lets the requests through once what was live serves again. */
export async function serveAgain(input: HoldInput, live: Live): Promise<void> {
  await giveBack(input, live);
  await probeAgain(input.gateway, live);
  if (live.state !== MAINTENANCE) await letThrough(input);
}

/** Ends the wait; every request that was held is answered now. */
export const letThrough = ({ gateway, service }: HoldInput): Promise<void> => tellGateway(gateway, ["resume", service]);

/** Whether the containers at the gate have the traffic already, as after a change of the gateway: nothing is held for them, and nothing stopped. */
export const isLive = ({ candidates }: HoldInput, live: Live | undefined): boolean => live !== undefined && candidates.every((name) => live.containers.includes(name));

const isNew = ({ candidates, workers }: HoldInput, name: string): boolean => candidates.includes(name) || workers.includes(name);

async function stop({ drain }: HoldInput, containers: readonly string[]): Promise<void> {
  if (containers.length > 0) await docker(["stop", "--time", String(Math.max(1, Math.ceil(drain))), ...containers]);
}

/**
 * Of the workers those that are to take the place of others, or are another release's. What else stands at the gate works
 * for the live release already, as after the change of a secret that it does not get, and goes on whatever comes.
 */
export async function newWorkers({ owner, workers }: HoldInput, live: Live | undefined): Promise<string[]> {
  if (workers.length === 0) return [];
  const lines = await docker(["ps", "--all", ...ownedBy(owner), "--filter", "label=berth.part=worker", "--format", '{{.Names}} {{.Label "berth.release"}}']);
  const all = lines.split("\n").map((line) => line.split(" "));
  const others = all.map(([name = ""]) => name).filter((name) => !workers.includes(name));
  return workers.filter((worker) => all.find(([name]) => name === worker)?.[1] !== live?.release || others.some((name) => placeOf(name) === placeOf(worker)));
}

/** A container's name without the digits that Pulumi adds: the same for its replacement. */
const placeOf = (container: string): string => container.replace(/-[0-9a-f]{7}$/, "");

/** The app's own containers, of whatever release. @param secrets only those with this label of their secrets */
async function processes(owner: Owner, filters: readonly string[], secrets?: string): Promise<string[]> {
  const format = `{{.Names}} {{.Label "berth.part"}} {{.Label "${SECRETS_LABEL}"}}`;
  const lines = await docker(["ps", "--all", ...ownedBy(owner), ...filters.flatMap((filter) => ["--filter", filter]), "--format", format]);
  return lines.split("\n").flatMap((line) => {
    const [name = "", part = "", hashes = ""] = line.split(" ");
    return /^(web|worker)$/.test(part) && (secrets ?? hashes) === hashes ? [name] : [];
  });
}
