/** Lets a release serve for a while, and judges it by its answers. */
import { setTimeout as sleep } from "node:timers/promises";
import type { BakeSettings } from "../settings/settings.ts";
import type { Watch } from "./watch.ts";

/** One answer, as the gateway logged it. */
export interface Answer {
  /** Container that gave it. */
  readonly container: string;
  readonly status: number;
  readonly seconds: number;
}

/** The answers of one container, or of a release. */
export interface Tally {
  readonly requests: number;
  /** Answers with a status of 500 or above. */
  readonly errors: number;
  /** 95 % of the answers came within so many seconds. */
  readonly p95: number;
}

export type Limits = Omit<BakeSettings, "duration">;

/** Slower by less than this is no breach, whatever the factor: 1 ms to 4 ms harms nobody. In seconds. */
const LEAST_SLOWDOWN = 0.25;
/** How often progress is told, in milliseconds; in a long bake so many times at most, because what a step prints is kept. */
const TELL_EVERY = 5000;
const TELL_MOST = 100;

/** An answer in a line of the gateway's log; undefined for all other lines. Pure. */
export function parseAnswer(line: string): Answer | undefined {
  if (!line.includes('"Request"')) return undefined;
  try {
    const { target, status, duration } = JSON.parse(line) as { target: string; status: number; duration: number };
    return { container: target.replace(/:\d+$/, ""), status, seconds: duration / 1e9 };
  } catch {
    return undefined; // cut off by a rotation
  }
}

/** Pure. */
export function tally(answers: readonly Answer[]): Tally {
  const times = answers.map(({ seconds }) => seconds).sort((a, b) => a - b);
  return {
    requests: answers.length,
    errors: answers.filter(({ status }) => status >= 500).length,
    p95: times[Math.max(0, Math.ceil(times.length * 0.95) - 1)] ?? 0,
  };
}

/** Why these answers are not good enough, with the numbers; undefined where they are, or where there are too few to judge. Pure. */
export function judge(who: string, now: Tally, before: Tally, { errors, slowdown, minRequests }: Limits): string | undefined {
  if (now.requests < minRequests) return undefined;
  const share = (now.errors / now.requests) * 100;
  if (share > errors) return `${now.errors} of ${now.requests} answers of ${who} were errors (${share.toFixed(1)} %, limit ${errors} %)`;
  const slower = now.p95 - before.p95 > LEAST_SLOWDOWN && now.p95 > before.p95 * slowdown;
  if (slowdown > 0 && before.requests >= minRequests && slower) {
    return `${who} answers in ${milliseconds(now.p95)} (95th percentile of ${now.requests}), what was live before in ${milliseconds(before.p95)} (limit ${slowdown} times that)`;
  }
  return undefined;
}

const milliseconds = (seconds: number) => `${Math.round(seconds * 1000)} ms`;

/** Like `judge`, of each container alone and of all together. Pure. */
export function judgeAll(answers: readonly Answer[], containers: readonly string[], before: Tally, limits: Limits): string | undefined {
  const each = containers.map((name) => judge(name, tally(answers.filter(({ container }) => container === name)), before, limits));
  return each.find((reason) => reason !== undefined) ?? judge("the release", tally(answers), before, limits);
}

/** Lets the watched release serve for so many seconds. Returns why it must not go on, or undefined. */
export async function bake({ breach, seen }: Watch, seconds: number): Promise<string | undefined> {
  const end = Date.now() + seconds * 1000;
  const tellEvery = Math.max(TELL_EVERY, (seconds * 1000) / TELL_MOST);
  while (Date.now() < end) {
    const tick = new AbortController();
    const waited = sleep(Math.min(end - Date.now(), tellEvery), undefined, { signal: tick.signal }).catch(() => undefined);
    const reason = await Promise.race([breach, waited]);
    tick.abort(); // a timer that goes on would keep the step from ending
    if (reason !== undefined) return reason;
    console.log(`baking, ${Math.max(0, Math.round((end - Date.now()) / 1000))} s to go: ${seen.requests} answers, ${seen.errors} errors`);
  }
  return undefined;
}
