/** When the watchdog restarts a replica, and when it leaves one alone. Pure. */
import { type Found, type FoundContainer, routedIn } from "../../engine/found.ts";

export interface Policy {
  /** A replica is restarted so often. Default: 3. */
  readonly restarts: number;
  /** From the first restart to the second, in seconds; doubled each time. Default: 10. */
  readonly backOff: number;
}

export const DEFAULTS: Policy = { restarts: 3, backOff: 10 };

/** After so many seconds without a restart the count begins anew. */
const CALM = 600;

/** What was done for one replica. */
export interface Past {
  /** Those that failed are counted, too. */
  readonly restarts: number;
  /** The last restart, in milliseconds since 1970. */
  readonly last: number;
  /** What was said of it last, so that it is said once. */
  readonly told?: "waiting" | "queued" | "left" | "well";
  /** Whether the last restart failed: the replica may be stopped since. */
  readonly failed?: boolean;
}

/** What was done so far, by the containers' names. */
export type Memory = Readonly<Record<string, Past>>;

export type Verdict =
  | { readonly kind: "restart"; readonly number: number }
  | { readonly kind: "wait"; readonly seconds: number }
  /** It is to be restarted once another one is through. */
  | { readonly kind: "queue"; readonly behind: string }
  | { readonly kind: "leave" };

export interface Decision<T> {
  readonly replica: T;
  readonly verdict: Verdict;
}

type Replica = Pick<FoundContainer, "name" | "part" | "release" | "state" | "health">;

interface Seen<T> {
  readonly containers: readonly T[];
  readonly routes: Found["routes"];
}

/** What to do about a replica that is unwell now, were it the only one. */
export function judge(past: Past | undefined, now: number, { restarts, backOff }: Policy): Verdict {
  if (!past || (past.told !== "left" && isCalm(past, now))) return { kind: "restart", number: 1 };
  if (past.restarts >= restarts) return { kind: "leave" };
  const since = (now - past.last) / 1000;
  const pause = backOff * 2 ** (past.restarts - 1);
  return since >= pause ? { kind: "restart", number: past.restarts + 1 } : { kind: "wait", seconds: Math.ceil(pause - since) };
}

/**
 * What to do about each that is unwell. Of those that take traffic never more than one is restarted at a time, whatever their health says:
 * with a check that is wrong, the others serve. A worker takes none.
 */
export function decide<T extends Replica>(replicas: readonly T[], memory: Memory, now: number, policy: Policy): Decision<T>[] {
  let busy = replicas.find((replica) => replica.part === "web" && isUnderWay(replica, memory[replica.name], now))?.name;
  return replicas
    .filter((replica) => isUnwell(replica, memory[replica.name]))
    .map((replica) => {
      const verdict = judge(memory[replica.name], now, policy);
      if (verdict.kind !== "restart" || replica.part !== "web") return { replica, verdict };
      if (busy !== undefined && busy !== replica.name) return { replica, verdict: { kind: "queue", behind: busy } };
      busy = replica.name;
      return { replica, verdict };
    });
}

/** Whether it has to be restarted: also one that a restart which failed has stopped. */
export const isUnwell = ({ state, health }: Replica, past: Past | undefined): boolean =>
  state === "running" ? health === "unhealthy" : past?.failed === true;

/** Whether its last restart is not over yet: it is neither healthy nor unhealthy, or it is still stopped by one that failed. */
function isUnderWay({ state, health }: Replica, past: Past | undefined, now: number): boolean {
  if (!past || past.told === "left" || isCalm(past, now)) return false;
  return state === "running" ? health === "starting" : past.failed === true;
}

/** Whether the last restart is so long ago that it counts no more. */
export const isCalm = ({ last }: Past, now: number): boolean => now - last > CALM * 1000;

/** What is remembered of containers that are there, cared for just now or not. */
export function remembered(memory: Memory, containers: readonly Replica[], now: number): Record<string, Past> {
  const names = new Set(containers.map(({ name }) => name));
  return Object.fromEntries(
    Object.entries(memory).filter(([name, past]) => names.has(name) && (past.told === "left" || !isCalm(past, now))),
  );
}

/**
 * The replicas to care for: those of a release that has traffic. What a failed release left is kept as it is, for a person to look at.
 * Without a gateway all are cared for; while one runs that does not tell where it leads, none is: which have traffic is not known.
 */
export function caredFor<T extends Replica>({ containers, routes }: Seen<T>, memory: Memory = {}): T[] {
  const processes = containers.filter(({ part }) => part === "web" || part === "worker");
  const replicas = processes.filter(({ name, state }) => state === "running" || memory[name]?.failed === true);
  const routed = routedIn({ routes });
  if (routes === "none") return replicas;
  const live = new Set(containers.filter(({ name }) => routed?.includes(name)).map(({ release }) => release));
  return replicas.filter(({ release }) => live.has(release));
}
