/** For an app that allows one writer: requests wait in the gateway while the old containers stop and the new ones start. */
import { LABEL, partIs, isOf, ownedBy, type Owner } from "../release/labels.ts";
import { goDuration } from "../settings/units.ts";
import { type Filters, findContainers, listContainers, nameOf, startContainer, stopContainer } from "../engine/containers.ts";
import { tellGateway, tryGateway } from "../engine/gateway.ts";
import { StepError } from "./step.ts";
import type { Live } from "../engine/live.ts";
import { persist } from "./persist.ts";
import { ANSWERING, probeAgain } from "./probe.ts";
import { together } from "./together.ts";

export interface TakeOverInput {
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
export const pauseWords = ({ service, drain, health, migration }: TakeOverInput): string[] => [
  "pause",
  service,
  "--drain-timeout",
  goDuration(drain),
  "--max-pause",
  goDuration(drain + health.deadline + (migration?.job.timeout ?? 0) + (migration?.snapshot ? COPYING : 0) + MARGIN),
];

/** State of a route that answers with the maintenance page: there is nothing to hold. */
export const MAINTENANCE = "stopped";

/** Holds the requests and stops all processes of the app that are not the new release's. */
export async function takeOver(input: TakeOverInput, live: Live | undefined): Promise<void> {
  if (live?.state !== MAINTENANCE) {
    const { code, stderr } = await tryGateway(input.gateway, pauseWords(input), { deadline: input.drain + ANSWERING });
    if (code !== 0 && !stderr.includes("service not found")) throw new StepError(`the gateway cannot hold requests: ${stderr.trim()}`);
  }
  // One that is paused would go on with what it knew before.
  const writing = await processes(input.owner, { status: ["running", "restarting", "paused"] });
  await stopAll(
    input,
    writing.filter((name) => !isNew(input, name)),
  );
}

/**
 * Stops the new release and starts the one that was live, while requests go on waiting: the caller lets them through. Returns
 * what was live with those of its containers that can serve. @throws EngineError where there is none
 */
export async function giveBack(input: TakeOverInput, live: Live): Promise<Live> {
  await stopAll(input, [...input.candidates, ...input.workers]);
  // With other secrets, it is one that failed.
  const before = await processes(input.owner, { label: [`${LABEL.release}=${live.release}`] }, live.secrets);
  return wake(
    live,
    before.filter((name) => !isNew(input, name)),
  );
}

/** Like `giveBack`, and lets the requests through once what was live serves again. Returns whether it does. */
export async function serveAgain(input: TakeOverInput, live: Live): Promise<boolean> {
  const back = await giveBack(input, live);
  const healthy = await probeAgain(input.gateway, back);
  if (live.state !== MAINTENANCE) await letThrough(input);
  return healthy;
}

/**
 * Starts what was live, without effect on what runs. Returns it with those of its containers that can serve: of its own
 * release, which a canary beside it is not. @param more what works for it without traffic
 */
export async function wake(live: Live, more: readonly string[] = []): Promise<Live> {
  const names = [...new Set([...live.containers, ...more])];
  const outcomes = await Promise.allSettled(names.map((name) => persist(() => startContainer(name))));
  const failures = new Map(
    outcomes.flatMap((outcome, index) => (outcome.status === "rejected" ? [[names[index], outcome.reason as Error]] : [])),
  );
  const found = await findContainers(live.containers.filter((name) => !failures.has(name)));
  const containers = found.filter(({ Config }) => Config.Labels[LABEL.release] === live.release).map(({ Name }) => Name.slice(1));
  const [failure = new StepError(`of release ${live.release}, no container is left to serve`)] = failures.values();
  if (containers.length === 0) throw failure;
  for (const [name, { message }] of failures) console.log(`container ${name} of release ${live.release} does not start again: ${message}`);
  return { ...live, containers };
}

type AtGateway = Pick<TakeOverInput, "gateway" | "service">;

/** Ends the wait; every request that was held is answered now. */
export const letThrough = ({ gateway, service }: AtGateway): Promise<void> => tellGateway(gateway, ["resume", service]);

/** Like `letThrough`, where there may be no route whose requests were held. Returns true. */
export async function letGo({ gateway, service }: AtGateway): Promise<boolean> {
  const { code, stderr } = await tryGateway(gateway, ["resume", service]);
  if (code === 0 || stderr.includes("service not found")) return true;
  throw new StepError(`the gateway does not let requests through: ${stderr.trim()}`);
}

/**
 * Whether the containers at the gate have the traffic already, as after a change of the gateway: nothing is held for them, and nothing
 * stopped.
 */
export const isLive = ({ candidates }: TakeOverInput, live: Live | undefined): boolean =>
  live !== undefined && candidates.every((name) => live.containers.includes(name));

const isNew = ({ candidates, workers }: TakeOverInput, name: string): boolean => candidates.includes(name) || workers.includes(name);

/** Stops containers that may run, each within the drain. */
export const stopAll = ({ drain }: Pick<TakeOverInput, "drain">, containers: readonly string[]): Promise<void> =>
  together(containers, (name) => stopContainer(name, Math.max(1, Math.ceil(drain))));

/**
 * Of the workers those that are to take the place of others, or are another release's. What else stands at the gate works
 * for the live release already, as after the change of a secret that it does not get, and goes on whatever comes.
 */
export async function newWorkers({ owner, workers }: TakeOverInput, live: Live | undefined): Promise<string[]> {
  if (workers.length === 0) return [];
  const all = (await listContainers(ownedBy(owner, partIs("worker")), { all: true })).filter(isOf(owner));
  const others = all.map(nameOf).filter((name) => !workers.includes(name));
  const releaseOf = (worker: string) => all.find((container) => nameOf(container) === worker)?.Labels[LABEL.release];
  return workers.filter((worker) => releaseOf(worker) !== live?.release || others.some((name) => placeOf(name) === placeOf(worker)));
}

/** A container's name without the digits that Pulumi adds: the same for its replacement. */
const placeOf = (container: string): string => container.replace(/-[0-9a-f]{7}$/, "");

/** The app's own containers, of whatever release. @param secrets only those with this label of their secrets */
async function processes(owner: Owner, { label = [], ...filters }: Filters, secrets?: string): Promise<string[]> {
  const found = (await listContainers({ ...filters, ...ownedBy(owner, ...label) }, { all: true })).filter(isOf(owner));
  const own = found.filter(({ Labels }) => /^(web|worker)$/.test(Labels[LABEL.part] ?? ""));
  return own.filter(({ Labels }) => secrets === undefined || (Labels[LABEL.secrets] ?? "") === secrets).map(nameOf);
}
