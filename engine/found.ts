/** What a stack has on the engine, asked of the engine. */
import { EngineError } from "../docker/engineError.ts";
import { execIn, findContainers, listContainers } from "./containers.ts";
import { partIs, LABEL, ownedBy, type Owner } from "../release/labels.ts";
import { type ListedRoute, parseRoutes } from "./live.ts";
import { findNetwork, listNetworks } from "./networks.ts";
import { listVolumes } from "./volumes.ts";

export interface FoundContainer {
  readonly id: string;
  readonly name: string;
  readonly part: string;
  readonly release: string;
  readonly image: string;
  readonly env: readonly string[];
  /** running, paused, restarting, exited, created, dead, … */
  readonly state: string;
  /** healthy, unhealthy, starting; "" where the image has no health check. */
  readonly health: string;
  readonly exitCode: number;
  readonly restarts: number;
  /** When it was started last, in milliseconds since 1970. */
  readonly started: number;
  /** Bytes; 0: no limit. */
  readonly memory: number;
  readonly cpus: number;
  readonly pids: number;
  /** Names of the networks that it is on. */
  readonly networks: readonly string[];
}

export interface FoundNetwork {
  readonly id: string;
  readonly name: string;
  /** Running containers on it, whoever made them. */
  readonly attached: readonly { readonly id: string; readonly name: string }[];
}

export interface Found {
  /** When the engine was asked, in milliseconds since 1970. */
  readonly time: number;
  /** All that carry the stack's labels. */
  readonly containers: readonly FoundContainer[];
  readonly networks: readonly FoundNetwork[];
  /** Volumes with the stack's labels, with what each is for. */
  readonly volumes: readonly { readonly name: string; readonly part: string }[];
  /** Routes of the running gateway; "none" where no gateway runs, "silent" where one runs and does not tell them. */
  readonly routes: readonly ListedRoute[] | "none" | "silent";
}

/** So long may the gateway take to tell its routes, in seconds. */
const PATIENCE = 5;

/**
 * Asks for all at once: it takes a tenth of a second.
 * @param patience seconds that the gateway gets to tell its routes. Default: 5
 * @throws EngineError where the engine does not answer
 */
export async function lookAtEngine(owner: Owner, patience = PATIENCE): Promise<Found> {
  const time = Date.now();
  const questions = [containersIn(owner), networksIn(owner), volumesIn(owner), routesIn(owner, patience)] as const;
  const [containers, networks, volumes, routes] = await Promise.all(questions);
  return { time, containers, networks, volumes, routes };
}

/** Names of the containers that the gateway leads to: none where no gateway runs, undefined where it does not tell. Pure. */
export function routedIn({ routes }: Pick<Found, "routes">): string[] | undefined {
  if (routes === "silent") return undefined;
  return routes === "none" ? [] : routes.flatMap(({ targets }) => targets.map((target) => target.replace(/:\d+$/, "")));
}

/** One that has gone since it was listed is none, and the lock is whoever's who looks. */
async function containersIn(owner: Owner): Promise<FoundContainer[]> {
  const listed = (await listContainers(ownedBy(owner), { all: true })).filter(({ Labels }) => Labels[LABEL.part] !== "lock");
  const found = await findContainers(listed.map(({ Id }) => Id));
  return found.map(({ Id, Name, Image, RestartCount, State, Config, HostConfig, NetworkSettings }) => ({
    id: Id,
    name: Name.slice(1),
    part: Config.Labels[LABEL.part] ?? "",
    release: Config.Labels[LABEL.release] ?? "",
    image: Image,
    env: Config.Env ?? [],
    state: State.Status,
    health: State.Health?.Status ?? "",
    exitCode: State.ExitCode,
    restarts: RestartCount,
    started: Date.parse(State.StartedAt),
    memory: HostConfig.Memory,
    cpus: HostConfig.NanoCpus / 1e9,
    pids: HostConfig.PidsLimit ?? 0,
    networks: Object.keys(NetworkSettings.Networks),
  }));
}

async function networksIn(owner: Owner): Promise<FoundNetwork[]> {
  const found = await Promise.all((await listNetworks(ownedBy(owner))).map(({ Id }) => findNetwork(Id)));
  return found
    .filter((network) => network !== undefined)
    .map(({ Id, Name, Containers = {} }) => {
      const attached = Object.entries(Containers).map(([id, { Name: name }]) => ({ id, name }));
      return { id: Id, name: Name, attached };
    });
}

async function volumesIn(owner: Owner): Promise<Found["volumes"]> {
  const found = await listVolumes(ownedBy(owner));
  return found.map(({ Name, Labels }) => ({ name: Name, part: Labels?.[LABEL.part] ?? "" }));
}

/** Of all gateways that run: a killed update may have left one beside another. */
async function routesIn(owner: Owner, patience: number): Promise<Found["routes"]> {
  const gateways = await listContainers({ ...ownedBy(owner, partIs("gateway")), status: ["running"] });
  if (gateways.length === 0) return "none";
  const each = await Promise.all(gateways.map(({ Id }) => routesOf(Id, patience)));
  return each.includes("silent") ? "silent" : each.filter((routes) => routes !== "silent").flat();
}

/** Asked once, and never started: whoever only looks changes nothing. */
async function routesOf(gateway: string, patience: number): Promise<ListedRoute[] | "silent"> {
  try {
    const { code, stdout } = await execIn(gateway, ["kamal-proxy", "list"], { seconds: patience });
    return code === 0 ? parseRoutes(stdout) : "silent";
  } catch (error) {
    // The engine answers, and it is the gateway that hangs, or has just ended.
    if (error instanceof EngineError && (error.failure === "silent" || (error.failure === "refused" && error.status < 500)))
      return "silent";
    throw error;
  }
}
