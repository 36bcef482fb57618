/** Watches a release after the switch: its answers in the gateway's log, its containers on the engine. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { BakeSettings } from "../settings/settings.ts";
import { tryDocker } from "../engine/docker.ts";

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

/** So many of the newest answers are judged, before and after the switch: enough for a share, and few enough to sort often. */
const WINDOW = 2000;
/** Slower by less than this is no breach, whatever the factor: 1 ms to 4 ms harms nobody. In seconds. */
const LEAST_SLOWDOWN = 0.25;
const LOOK_EVERY = 250;
/** How often progress is told, in milliseconds. */
const TELL_EVERY = 5000;

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

/** What a watch has seen so far. */
export interface Watch {
  /** Fulfilled with the reason as soon as a limit is crossed. */
  readonly breach: Promise<string>;
  /** All answers of the watched containers so far. */
  readonly seen: { readonly requests: number; readonly errors: number };
  /** The container with the most errors, if there was any. */
  worst(): string | undefined;
  stop(): void;
}

/**
 * Begins to watch these containers. How fast is fast enough is told by what others answered before, or by what the
 * containers of `beside` answer meanwhile.
 */
export async function watch(gateway: string, containers: readonly string[], limits: Limits, beside: readonly string[] = []): Promise<Watch> {
  const recent = (await tryDocker(["logs", "--tail", String(WINDOW), gateway])).stdout.split("\n").flatMap((line) => parseAnswer(line) ?? []);
  const earlier = tally(recent.filter(({ container }) => !containers.includes(container)));
  const answers: Answer[] = [];
  const others: Answer[] = [];
  const seen = { requests: 0, errors: 0 };
  const errorsOf = new Map<string, number>();
  const ended = new AbortController();
  const log = spawn("docker", ["logs", "--follow", "--tail", "0", gateway], { stdio: ["ignore", "pipe", "ignore"] });
  createInterface({ input: log.stdout }).on("line", (line) => {
    const answer = parseAnswer(line);
    if (!answer) return;
    if (beside.includes(answer.container)) keep(others, answer);
    if (!containers.includes(answer.container)) return;
    seen.requests++;
    if (answer.status >= 500) {
      seen.errors++;
      errorsOf.set(answer.container, (errorsOf.get(answer.container) ?? 0) + 1);
    }
    keep(answers, answer);
  });
  const look = async (): Promise<string> => {
    const restarts = new Map<string, string>();
    for (;;) {
      const before = others.length >= limits.minRequests ? tally(others) : earlier;
      const reason = judgeAll(answers, containers, before, limits) ?? (await lookAt(containers, restarts));
      if (reason !== undefined) return reason;
      await sleep(LOOK_EVERY, undefined, { signal: ended.signal });
    }
  };
  const breach = look();
  breach.catch(() => undefined); // the watch was ended before a limit was crossed
  return {
    breach,
    seen,
    worst: () => [...errorsOf].sort(([, a], [, b]) => b - a)[0]?.[0],
    stop() {
      ended.abort();
      log.kill();
    },
  };
}

function keep(answers: Answer[], answer: Answer): void {
  answers.push(answer);
  if (answers.length > 2 * WINDOW) answers.splice(0, WINDOW);
}

function judgeAll(answers: readonly Answer[], containers: readonly string[], before: Tally, limits: Limits): string | undefined {
  const each = containers.map((name) => judge(name, tally(answers.filter(({ container }) => container === name)), before, limits));
  return each.find((reason) => reason !== undefined) ?? judge("the release", tally(answers), before, limits);
}

/** Why the containers are not well; their restarts are compared with those of the first look. */
async function lookAt(containers: readonly string[], restarts: Map<string, string>): Promise<string | undefined> {
  const format = "{{.Name}} {{.State.Status}} {{.RestartCount}} {{if .State.Health}}{{.State.Health.Status}}{{end}}";
  const { stdout } = await tryDocker(["inspect", "--format", format, ...containers]);
  for (const line of stdout.split("\n").filter(Boolean)) {
    const [path = "", state, count = "", health] = line.split(" ");
    const name = path.replace(/^\//, "");
    if (state !== "running") return `container ${name} is ${state}`;
    if (health === "unhealthy") return `container ${name} is unhealthy`;
    if (count !== (restarts.get(name) ?? count)) return `container ${name} ended and was started again`;
    restarts.set(name, count);
  }
  return undefined;
}

/** Lets the watched release serve for so many seconds. Returns why it must not go on, or undefined. */
export async function bake({ breach, seen }: Watch, seconds: number): Promise<string | undefined> {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const tick = new AbortController();
    const waited = sleep(Math.min(end - Date.now(), TELL_EVERY), undefined, { signal: tick.signal }).catch(() => undefined);
    const reason = await Promise.race([breach, waited]);
    tick.abort(); // a timer that goes on would keep the step from ending
    if (reason !== undefined) return reason;
    console.log(`baking, ${Math.max(0, Math.round((end - Date.now()) / 1000))} s to go: ${seen.requests} answers, ${seen.errors} errors`);
  }
  return undefined;
}
