/** Runs a job: a container of the release that does one thing, must succeed, and is gone afterwards. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { docker, tryDocker } from "../engine/docker.ts";
import { StepError } from "./step.ts";

/** A job's container, and how long it may take. */
export interface JobSpec {
  /** What it is for, in words: "migration". */
  readonly what: string;
  readonly release: string;
  /** Name of the container: the same for the same release, so that a run that was cut off is found again. */
  readonly container: string;
  /** Options of `docker create`. */
  readonly flags: readonly string[];
  readonly image: string;
  /** Given to the image's entrypoint. */
  readonly command: readonly string[];
  /** Seconds. */
  readonly timeout: number;
}

/** Last lines of a failed job that are part of the error. */
const LOG_LINES = 30;

/**
 * Runs a job to its end and shows what it prints. One that an update began that was cut off is waited for, not begun
 * again. @throws StepError where it fails or takes too long, with its last words
 */
export async function runJob(job: JobSpec): Promise<void> {
  const { what, container, release, flags, image, command, timeout } = job;
  const state = await stateOf(container);
  if (state === "exited 0") return console.log(`${what} of release ${release} had come to its end`);
  if (state !== undefined && !state.startsWith("running")) await docker(["rm", "--force", container]);
  if (!state?.startsWith("running")) await docker(["create", "--name", container, ...flags, image, ...command]);
  const started = Date.now();
  await docker(["start", container]);
  const last: string[] = [];
  const log = spawn("docker", ["logs", "--follow", container], { stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [log.stdout, log.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      console.log(`${what}: ${line}`);
      if (last.push(line) > LOG_LINES) last.shift();
    });
  }
  const logged = new Promise((resolve) => log.on("close", resolve));
  const ended = tryDocker(["wait", container]);
  const code = await Promise.race([ended.then(({ stdout }) => stdout.trim()), sleep(timeout * 1000, undefined, { ref: false })]);
  if (code === undefined) await docker(["stop", "--time", "5", container]);
  await logged;
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (code === "0") return console.log(`${what} of release ${release} done after ${seconds} s`);
  await tryDocker(["rm", "--force", container]);
  throw new StepError(failed(job, code, seconds, last));
}

/** "running", "exited 3", …; undefined where there is no such container. */
export async function stateOf(container: string): Promise<string | undefined> {
  const { code, stdout } = await tryDocker(["inspect", "--type", "container", "--format", "{{.State.Status}} {{.State.ExitCode}}", container]);
  return code === 0 ? stdout.trim() : undefined;
}

/** Words of a failed job; the first line says which and how. Pure. */
export function failed({ what, release, timeout }: JobSpec, code: string | undefined, seconds: string, last: readonly string[]): string {
  return [
    code === undefined
      ? `the ${what} of release ${release} was stopped: it took longer than ${timeout} s`
      : `the ${what} of release ${release} failed with exit code ${code} after ${seconds} s`,
    ...(last.length > 0 ? ["  its last lines:", ...last.map((line) => `    ${line}`)] : ["  it printed nothing"]),
  ].join("\n");
}
