import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { sbinPath } from "./apt.ts";
import { askEngine } from "./docker.ts";
import { UserError } from "../settings/userError.ts";

/** An engine that set-up starts, and stops, itself. */
export interface Daemon {
  /** Holds its pid file and its log. */
  readonly folder: string;
  /** Where it listens, as in DOCKER_HOST. */
  readonly host: string;
}

/** How long an engine may take until it answers, or until it has stopped, in seconds. */
const WITHIN_SECONDS = 60;
const LINES_OF_LOG = 12;

/** The option that dockerd gets, and by which it is known again. */
export function pidFile(daemon: Daemon): string {
  return join(daemon.folder, "dockerd.pid");
}

export function logFile(daemon: Daemon): string {
  return join(daemon.folder, "dockerd.log");
}

/**
 * Starts a dockerd in a session of its own, so that it outlives npm and the terminal, and waits until it answers.
 * `words` is the whole command; `pidFile` must be among its options. Throws an Error with the end of the log.
 */
export async function startDaemon(daemon: Daemon, words: readonly string[], folders: readonly string[]): Promise<void> {
  // A dockerd that was killed leaves this file, and a new one refuses to start if its number is in use again.
  await rm(pidFile(daemon), { force: true });
  mkdirSync(daemon.folder, { recursive: true });
  const log = openSync(logFile(daemon), "w");
  const [program = "", ...args] = words;
  const env = { ...process.env, PATH: [...folders, sbinPath()].join(":") };
  const child = spawn(program, args, { detached: true, stdio: ["ignore", log, log], env });
  closeSync(log);
  let ended: string | undefined;
  child.on("error", (error) => (ended = error.message));
  child.on("exit", (code, signal) => (ended = `it ended with ${signal ?? `exit code ${code}`}`));
  child.unref();
  await untilItAnswers(daemon.host, () => ended).catch(async (error: Error) => {
    const lines = (await readFile(logFile(daemon), "utf8")).trim().split("\n").slice(-LINES_OF_LOG);
    throw new Error([`${error.message}; the end of ${logFile(daemon)}:`, ...lines].join("\n    "));
  });
}

/** Waits until an engine answers. Throws after a minute, or as soon as `ended` says why it never will. */
export async function untilItAnswers(host: string, ended: () => string | undefined = () => undefined): Promise<void> {
  const deadline = Date.now() + WITHIN_SECONDS * 1000;
  for (;;) {
    const answer = await askEngine(host);
    if (answer.kind !== "absent") return;
    const reason = ended();
    if (reason !== undefined) throw new Error(`the engine did not start: ${reason}`);
    if (Date.now() > deadline) throw new Error(`the engine gave no answer in ${WITHIN_SECONDS} s (${answer.detail})`);
    await pause(200);
  }
}

/** The process of a daemon that `startDaemon` has started, as long as it runs. */
export async function daemonProcess(daemon: Daemon): Promise<number | undefined> {
  const pid = Number(await readFile(pidFile(daemon), "utf8").catch(() => ""));
  if (!(pid > 0)) return undefined;
  // The file's own path on its command line tells it from a later process with the same number.
  const words = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
  return words.includes(pidFile(daemon)) ? pid : undefined;
}

/** Stops a daemon that `startDaemon` has started; says whether one ran. */
export async function stopDaemon(daemon: Daemon): Promise<boolean> {
  const pid = await daemonProcess(daemon);
  if (pid === undefined) return false;
  process.kill(pid, "SIGTERM");
  const deadline = Date.now() + WITHIN_SECONDS * 1000;
  while ((await daemonProcess(daemon)) !== undefined) {
    if (Date.now() > deadline) throw new UserError(`The engine (process ${pid}) did not stop: see ${logFile(daemon)}`);
    await pause(100);
  }
  return true;
}
