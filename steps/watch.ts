/** Watches a release after the switch: its answers in the gateway's log, its containers on the engine. */
import { setTimeout as sleep } from "node:timers/promises";
import { EngineError } from "../docker/engineError.ts";
import { ContainerLog } from "../engine/containerLog.ts";
import { findContainer } from "../engine/containers.ts";
import { type Answer, judgeAll, type Limits, parseAnswer, tally } from "./bake.ts";

/** What a watch has seen so far. */
export interface Watch {
  /** Fulfilled with the reason as soon as a limit is crossed. */
  readonly breach: Promise<string>;
  /** All answers of the watched containers so far. */
  readonly seen: { readonly requests: number; readonly errors: number };
  /** The container with the most errors, if there was any. */
  worst(): string | undefined;
  /** Ends the watch with a last look at all there is. Returns why the release is not good, or undefined. */
  finish(): Promise<string | undefined>;
  stop(): void;
}

/** So many of the newest answers are judged, before and after the switch: enough for a share, and few enough to sort often. */
const WINDOW = 2000;
/** Milliseconds between two looks. */
const LOOK_EVERY = 250;
/** So long may the engine not tell how the containers are, or what they answered, in milliseconds. */
const PATIENCE = 30_000;

/**
 * Begins to watch these containers. How fast is fast enough is told by what others answered before, or by what the
 * containers of `beside` answer meanwhile. Answers that cannot be seen are a breach, and so are containers that cannot be looked at.
 * @throws EngineError where the gateway's log cannot be read
 */
export async function watch(
  gateway: string,
  containers: readonly string[],
  limits: Limits,
  beside: readonly string[] = [],
): Promise<Watch> {
  const recent: Answer[] = [];
  const answers: Answer[] = [];
  const others: Answer[] = [];
  const seen = { requests: 0, errors: 0 };
  const errorsOf = new Map<string, number>();
  let hear = (answer: Answer): void => void recent.push(answer);
  const log = new ContainerLog(gateway, (line) => {
    const answer = parseAnswer(line);
    if (answer) hear(answer);
  });
  await log.read(WINDOW);
  const earlier = tally(recent.filter(({ container }) => !containers.includes(container)));
  hear = (answer) => {
    if (beside.includes(answer.container)) keep(others, answer);
    if (!containers.includes(answer.container)) return;
    seen.requests++;
    if (answer.status >= 500) {
      seen.errors++;
      errorsOf.set(answer.container, (errorsOf.get(answer.container) ?? 0) + 1);
    }
    keep(answers, answer);
  };
  const ended = new AbortController();
  let unseen: string | undefined;
  const following = log.follow({ signal: ended.signal, endless: true }).catch((error: Error) => {
    unseen = `its answers cannot be judged: ${error.message}`;
  });
  const restarts = new Map<string, number>();
  let told = Date.now();
  const look = async (): Promise<string | undefined> => {
    try {
      const reason = await lookAt(containers, restarts);
      told = Date.now();
      return reason;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      return Date.now() - told > PATIENCE ? unlooked(error) : undefined;
    }
  };
  const judged = () => judgeAll(answers, containers, others.length >= limits.minRequests ? tally(others) : earlier, limits);
  const watching = async (): Promise<string> => {
    for (;;) {
      const reason = unseen ?? judged() ?? (await look());
      if (reason !== undefined) return reason;
      await sleep(LOOK_EVERY, undefined, { signal: ended.signal });
    }
  };
  const breach = watching();
  breach.catch(() => undefined); // the watch was ended before a limit was crossed
  return {
    breach,
    seen,
    worst: () => [...errorsOf].sort(([, a], [, b]) => b - a)[0]?.[0],
    stop: () => ended.abort(),
    async finish() {
      ended.abort();
      await following;
      const unread = await again(() => log.read()).then(
        () => unseen,
        (error: Error) => `its answers cannot be judged: ${error.message}`,
      );
      return unread ?? judged() ?? (await again(() => lookAt(containers, restarts)).catch(unlooked));
    },
  };
}

const unlooked = ({ message }: Error): string => `its containers cannot be looked at: ${message}`;

function keep(answers: Answer[], answer: Answer): void {
  answers.push(answer);
  if (answers.length > 2 * WINDOW) answers.splice(0, WINDOW);
}

/** Asks again for a while where the engine gives no answer. @throws EngineError with the last failure */
async function again<T>(question: () => Promise<T>): Promise<T> {
  for (const end = Date.now() + PATIENCE; ;) {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof EngineError) || error.failure === "refused" || Date.now() > end) throw error;
      await sleep(LOOK_EVERY);
    }
  }
}

/** Why the containers are not well; their restarts are compared with those of the first look. @throws EngineError */
async function lookAt(containers: readonly string[], restarts: Map<string, number>): Promise<string | undefined> {
  const found = await Promise.all(containers.map(findContainer));
  for (const [index, name] of containers.entries()) {
    const container = found[index];
    if (!container) return `container ${name} is gone`;
    const { State, RestartCount } = container;
    if (State.Status !== "running") return `container ${name} is ${State.Status}`;
    if (State.Health?.Status === "unhealthy") return `container ${name} is unhealthy`;
    if (RestartCount !== (restarts.get(name) ?? RestartCount)) return `container ${name} ended and was started again`;
    restarts.set(name, RestartCount);
  }
  return undefined;
}
