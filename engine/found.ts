/** What a stack has on the engine, asked of the engine. */
import { setTimeout as sleep } from "node:timers/promises";
import { ownedBy, type Owner } from "./labels.ts";
import { type ListedRoute, parseRoutes } from "./live.ts";
import { docker } from "./containers.ts";

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
  /** Routes of the running gateway; undefined where there is none, or it does not answer. */
  readonly routes: readonly ListedRoute[] | undefined;
}

/** So long may the gateway take to tell its routes, in milliseconds. */
const PATIENCE = 5000;

interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly RestartCount: number;
  readonly State: { readonly Status: string; readonly ExitCode: number; readonly StartedAt: string; readonly Health?: { readonly Status: string } };
  readonly Config: { readonly Env: readonly string[] | null; readonly Labels: Readonly<Record<string, string>> };
  readonly HostConfig: { readonly Memory: number; readonly NanoCpus: number; readonly PidsLimit: number | null };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, unknown>> };
}

interface InspectedNetwork {
  readonly Id: string;
  readonly Name: string;
  readonly Containers: Readonly<Record<string, { readonly Name: string }>>;
}

/** Asks for all at once: it takes a tenth of a second. @throws UserError where the engine does not answer */
export async function lookAtEngine(owner: Owner): Promise<Found> {
  const time = Date.now();
  const [containers, networks, volumes, routes] = await Promise.all([findContainers(owner), findNetworks(owner), findVolumes(owner), findRoutes(owner)]);
  return { time, containers, networks, volumes, routes };
}

async function findContainers(owner: Owner): Promise<FoundContainer[]> {
  const found = await inspected<Inspected>(["container"], await ids("ps", "--all", ...ownedBy(owner)));
  return found.map(({ Id, Name, Image, RestartCount, State, Config, HostConfig, NetworkSettings }) => ({
    id: Id,
    name: Name.slice(1),
    part: Config.Labels["berth.part"] ?? "",
    release: Config.Labels["berth.release"] ?? "",
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

async function findNetworks(owner: Owner): Promise<FoundNetwork[]> {
  const found = await inspected<InspectedNetwork>(["network"], await ids("network", "ls", ...ownedBy(owner)));
  return found.map(({ Id, Name, Containers }) => ({ id: Id, name: Name, attached: Object.entries(Containers).map(([id, { Name: name }]) => ({ id, name })) }));
}

async function findVolumes(owner: Owner): Promise<Found["volumes"][number][]> {
  const rows = await docker("volume", "ls", ...ownedBy(owner), "--format", '{{.Name}}\t{{.Label "berth.part"}}');
  return rows.split("\n").filter(Boolean).map((row) => {
    const [name = "", part = ""] = row.split("\t");
    return { name, part };
  });
}

async function findRoutes(owner: Owner): Promise<ListedRoute[] | undefined> {
  const [gateway] = await ids("ps", ...ownedBy(owner), "--filter", "label=berth.part=gateway", "--filter", "status=running");
  if (gateway === undefined) return undefined;
  const list = docker("exec", gateway, "kamal-proxy", "list").then(parseRoutes, () => undefined);
  return Promise.race([list, sleep(PATIENCE, undefined, { ref: false })]); // a gateway that hangs does not answer
}

const ids = async (...words: string[]): Promise<string[]> => (await docker(...words, "--quiet", "--no-trunc")).split("\n").filter(Boolean);

async function inspected<T>(kind: readonly string[], found: readonly string[]): Promise<T[]> {
  if (found.length === 0) return [];
  try {
    return JSON.parse(await docker(...kind, "inspect", ...found)) as T[];
  } catch {
    // One of them has gone since it was listed: those that are there are enough.
    const each = await Promise.all(found.map((id) => docker(...kind, "inspect", id).then((one) => JSON.parse(one) as T[], () => [])));
    return each.flat();
  }
}
