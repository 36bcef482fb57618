/** Runs a job: a container of the release that does one thing, must succeed, and is gone afterwards. */
import { setTimeout as sleep } from "node:timers/promises";
import { EngineError } from "../docker/engineError.ts";
import { ContainerLog } from "../engine/containerLog.ts";
import {
  type ContainerSpec,
  createContainer,
  findContainer,
  removeContainer,
  startContainer,
  stopContainer,
  waitForContainer,
} from "../engine/containers.ts";
import { StepError, withRepair } from "./step.ts";

/** A job that may have begun already. */
export interface BegunJob {
  /** What it is for, in words: "migration". */
  readonly what: string;
  readonly release: string;
  /** Name of the container: the same for the same release, so that a run that was cut off is found again. */
  readonly container: string;
  /** Seconds. */
  readonly timeout: number;
}

export interface JobSpec extends BegunJob {
  /** The container as the engine is told of it. */
  readonly spec: ContainerSpec;
}

/** Last lines of a failed job that are part of the error. */
const LOG_LINES = 30;

/** Seconds from the request to stop until a job that takes too long is killed. */
const GRACE = 5;

/** Milliseconds that the last lines of a job may come after its end. */
const LAST_LINES = 10_000;

/** Milliseconds until a question that the engine left open is asked again. */
const AGAIN = 1000;

/**
 * Runs a job to its end and shows what it prints. One that an update began that was cut off is waited for, not begun
 * again. @throws StepError where it fails or takes too long, with its last words
 */
export async function runJob(job: JobSpec): Promise<void> {
  const { what, container, release, spec } = job;
  const state = await stateOf(container);
  if (state === "exited 0") return console.log(`${what} of release ${release} had come to its end`);
  if (!state?.startsWith("running")) {
    if (state !== undefined) await removeContainer(container);
    await createContainer(spec, container);
    await startContainer(container);
  }
  await finishJob(job);
}

/** Waits for the end of a job that has begun, and never begins it again. @throws StepError as `runJob` */
export async function finishJob(job: BegunJob): Promise<void> {
  const { what, container, release, timeout } = job;
  const started = Date.now();
  const last: string[] = [];
  const over = new AbortController();
  const log = new ContainerLog(container, (line) => {
    console.log(`${what}: ${line}`);
    if (last.push(line) > LOG_LINES) last.shift();
  });
  const told = log.follow({ signal: over.signal }).catch((error: Error) => {
    console.log(`${what}: what it prints is not known from here on: ${error.message}`);
  });
  let code: number | undefined;
  try {
    code = await endOf(container, timeout);
    if (code === undefined) {
      await stopContainer(container, GRACE).catch((second: unknown) => {
        throw withRepair(new StepError(failed(job, code, secondsSince(started), last)), "It could not be stopped, and may go on", second);
      });
    }
    await Promise.race([told, sleep(LAST_LINES, undefined, { signal: over.signal }).catch(() => undefined)]);
  } finally {
    over.abort();
    await told;
  }
  if (code === 0) return console.log(`${what} of release ${release} done after ${secondsSince(started)} s`);
  const failure = new StepError(failed(job, code, secondsSince(started), last));
  await removeContainer(container).catch((second: unknown) => {
    throw withRepair(failure, "Its container could not be removed", second);
  });
  throw failure;
}

const secondsSince = (started: number): string => ((Date.now() - started) / 1000).toFixed(1);

/**
 * A container's exit code once it has ended; undefined where it has not by the deadline, also because nobody answers.
 * @param seconds deadline @throws EngineError where the engine refuses to say, as of a container that is gone
 */
export async function endOf(container: string, seconds: number): Promise<number | undefined> {
  const end = Date.now() + seconds * 1000;
  for (let left = seconds; left > 0; left = (end - Date.now()) / 1000) {
    try {
      return await waitForContainer(container, left);
    } catch (error) {
      if (!(error instanceof EngineError) || error.failure === "refused" || error.failure === "forbidden") throw error;
      await sleep(Math.min(AGAIN, Math.max(0, end - Date.now()))); // an engine that is started again knows
    }
  }
  return undefined;
}

/** "running", "exited 3", …; undefined where there is no such container. @throws EngineError */
export async function stateOf(container: string): Promise<string | undefined> {
  const found = await findContainer(container);
  return found && `${found.State.Status} ${found.State.ExitCode}`;
}

/** Words of a failed job; the first line says which and how. Pure. */
export function failed({ what, release, timeout }: BegunJob, code: number | undefined, seconds: string, last: readonly string[]): string {
  return [
    code === undefined
      ? `the ${what} of release ${release} was stopped: it took longer than ${timeout} s`
      : `the ${what} of release ${release} failed with exit code ${code} after ${seconds} s`,
    ...(last.length > 0 ? ["  its last lines:", ...last.map((line) => `    ${line}`)] : ["  it printed nothing"]),
  ].join("\n");
}
