/** What the step needs that gives a release the traffic, and what it says of a canary. Pure. */
import type { Owner } from "../release/labels.ts";
import type { Route } from "../release/route.ts";
import type { BakeSettings } from "../settings/settings.ts";
import type { JobSpec } from "./runJob.ts";

export interface RouteInput extends Route {
  readonly owner: Owner;
  /** Containers of the release that take no traffic. */
  readonly workers: readonly string[];
  /** Also says how long the other release is watched, and by which limits. */
  readonly canary: (NonNullable<Route["canary"]> & { readonly limits: BakeSettings }) | null;
  /** How to watch the release after the switch; null: not at all. */
  readonly bake: BakeSettings | null;
  /** Whether the release has jobs that leave a container. */
  readonly jobs: boolean;
  /** A job that has to succeed once the traffic is there; null: none. */
  readonly smokeTest: JobSpec | null;
}

/** How a canary did: "good", or "held" where too few requests came to judge by. */
export const verdictWords = (release: string, requests: number, { minRequests, duration }: BakeSettings): string =>
  requests < minRequests
    ? `canary ${release} is held: ${requests} answers in ${duration} s, and ${minRequests} are needed to judge`
    : `canary ${release} is good: ${requests} answers in ${duration} s within the limits`;

/** The verdict in what a switch printed: "good", "held" or nothing. */
export const verdictIn = (stdout: string): string => /^canary \S+ is (good|held):/m.exec(stdout)?.[1] ?? "";
