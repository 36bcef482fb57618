/** When the watchdog restarts a replica, and when it leaves one alone. Pure. */

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
  readonly restarts: number;
  /** The last restart, in milliseconds since 1970. */
  readonly last: number;
  /** What was said of it last, so that it is said once. */
  readonly told?: "waiting" | "left" | "well";
}

export type Verdict =
  | { readonly kind: "restart"; readonly number: number }
  | { readonly kind: "wait"; readonly seconds: number }
  | { readonly kind: "leave" };

/** What to do about a replica that is unhealthy now. */
export function judge(past: Past | undefined, now: number, { restarts, backOff }: Policy): Verdict {
  if (!past || (past.told !== "left" && isCalm(past, now))) return { kind: "restart", number: 1 };
  if (past.restarts >= restarts) return { kind: "leave" };
  const since = (now - past.last) / 1000;
  const pause = backOff * 2 ** (past.restarts - 1);
  return since >= pause ? { kind: "restart", number: past.restarts + 1 } : { kind: "wait", seconds: Math.ceil(pause - since) };
}

/** Whether the last restart is so long ago that it counts no more. */
export const isCalm = ({ last }: Past, now: number): boolean => now - last > CALM * 1000;

interface Replica {
  readonly name: string;
  readonly part: string;
  readonly release: string;
  readonly state: string;
  readonly health: string;
}

/**
 * The replicas to care for: those of a release that has traffic. What a failed release left is kept as it is, for a
 * person to look at; without a gateway that answers, all are cared for.
 */
export function caredFor<T extends Replica>(containers: readonly T[], targets: readonly string[] | undefined): T[] {
  const replicas = containers.filter(({ part, state }) => (part === "web" || part === "worker") && state === "running");
  if (targets === undefined) return replicas;
  const live = new Set(containers.filter(({ name }) => targets.includes(name)).map(({ release }) => release));
  return replicas.filter(({ release }) => live.has(release));
}
