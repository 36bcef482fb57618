import { closeSync, mkdirSync, openSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { aptObstacle, aptProvide, hasServiceManager, sbinPath } from "./apt.ts";
import { askEngine, DEFAULT_DOCKER_HOST, type EngineAnswer } from "./docker.ts";
import type { Machine } from "./machine.ts";
import type { Found, Need, Report } from "./need.ts";
import { findOnPath } from "./path.ts";
import { run } from "./run.ts";
import { isAtLeast } from "./semver.ts";
import { UserError } from "./userError.ts";
import { VERSIONS } from "./versions.ts";

/** How long an engine may take until it answers, in seconds. */
const START_WITHIN_SECONDS = 60;

/** The Docker Engine at DOCKER_HOST or the default socket, started from Debian's package where there is none. */
export function engineNeed(machine: Machine): Need {
  return {
    name: "engine",
    wanted: `Docker Engine API ${VERSIONS.engineApi} or later`,
    look: () => findEngine(machine),
    byHand: "Install Docker Engine 20.10 or later and start it, or point DOCKER_HOST at one.",
    sources: [
      {
        from: "service manager",
        typicalSeconds: 5,
        obstacle: async () => serviceObstacle(machine),
        get: async (report) => {
          report("starting the docker service");
          await run("systemctl", ["start", "docker"]);
          await untilItAnswers(machine.dockerHost, undefined);
        },
      },
      {
        from: "Debian packages",
        typicalSeconds: 35,
        obstacle: async () => debianObstacle(machine),
        get: (report) => installAndStart(machine, report),
      },
    ],
  };
}

/** The docker command, which Berth runs to reach containers. */
export function dockerCliNeed(): Need {
  return {
    name: "docker CLI",
    wanted: "any version",
    look: async () => {
      const place = findOnPath("docker", process.env.PATH);
      return place === undefined ? undefined : { version: "-", place, from: "already on this machine" };
    },
    byHand: "Install the docker command and put it on PATH.",
    sources: [
      {
        from: "Debian packages",
        typicalSeconds: 20,
        obstacle: async () => aptObstacle(),
        // Newer releases have the command in a package of its own, which docker.io only recommends.
        get: (report) => aptProvide({ docker: "docker-cli" }, report).catch(() => aptProvide({ docker: "docker.io" }, report)),
      },
    ],
  };
}

/** Stops the engine if set-up started it; says whether it did. */
export async function stopEngine(machine: Machine): Promise<boolean> {
  const pid = await startedEngine(machine);
  if (pid === undefined) return false;
  process.kill(pid, "SIGTERM");
  const deadline = Date.now() + START_WITHIN_SECONDS * 1000;
  while ((await startedEngine(machine)) !== undefined) {
    if (Date.now() > deadline) throw new UserError(`The engine (process ${pid}) did not stop: see ${logFile(machine)}`);
    await pause(200);
  }
  await rm(pidFile(machine), { force: true });
  return true;
}

async function findEngine(machine: Machine): Promise<Found | undefined> {
  const version = usableEngine(await askEngine(machine.dockerHost), machine.dockerHost);
  if (version === undefined) return undefined;
  const from = (await startedEngine(machine)) === undefined ? "already on this machine" : "started by set-up";
  return { version, place: machine.dockerHost, from };
}

/** The version of an engine that answered; undefined where none did. Throws a `UserError` for one that cannot be used. */
export function usableEngine(answer: EngineAnswer, host: string): string | undefined {
  if (answer.kind === "absent") return undefined;
  if (answer.kind === "forbidden") {
    throw new UserError(
      `Permission denied at the Docker socket ${host}. Allow yourself to use it, then log in again: ` +
        "sudo usermod -aG docker $USER",
    );
  }
  if (!isAtLeast(answer.apiVersion, VERSIONS.engineApi)) {
    throw new UserError(
      `The Docker Engine at ${host} is too old: ${answer.version} with API ${answer.apiVersion}, wanted API ` +
        `${VERSIONS.engineApi} or later (Engine 20.10). Update it, or point DOCKER_HOST at a newer one.`,
    );
  }
  return `${answer.version} (API ${answer.apiVersion})`;
}

function serviceObstacle(machine: Machine): string | undefined {
  const elsewhere = notDefaultSocket(machine);
  if (elsewhere !== undefined) return elsewhere;
  if (!hasServiceManager()) return "no service manager runs here";
  if (process.getuid?.() !== 0) return "only root may start a service: sudo systemctl start docker";
  return findOnPath("dockerd", sbinPath()) === undefined ? "Docker Engine is not installed" : undefined;
}

function debianObstacle(machine: Machine): string | undefined {
  return notDefaultSocket(machine) ?? (process.platform === "linux" ? aptObstacle() : "an engine takes a Linux machine");
}

function notDefaultSocket(machine: Machine): string | undefined {
  return machine.dockerHost === DEFAULT_DOCKER_HOST ? undefined : `DOCKER_HOST is ${machine.dockerHost}, which does not answer`;
}

async function installAndStart(machine: Machine, report: Report): Promise<void> {
  await aptProvide({ dockerd: "docker.io", iptables: "iptables" }, report);
  report("starting the engine");
  if (hasServiceManager()) await run("systemctl", ["start", "docker"]);
  else await startEngine(machine);
  await untilItAnswers(machine.dockerHost, logFile(machine));
}

/** Starts dockerd in a session of its own, so that it outlives npm and the terminal. */
async function startEngine(machine: Machine): Promise<void> {
  // A process that was killed leaves this file, and dockerd refuses to start when another one has its number by now.
  await rm(pidFile(machine), { force: true });
  mkdirSync(dirname(logFile(machine)), { recursive: true });
  const log = openSync(logFile(machine), "a");
  const dockerd = findOnPath("dockerd", sbinPath()) ?? "dockerd";
  const env = { ...process.env, PATH: sbinPath() };
  const child = spawn(dockerd, ["--pidfile", pidFile(machine)], { detached: true, stdio: ["ignore", log, log], env });
  child.on("error", () => {}); // seen as an engine that does not answer
  child.unref();
  closeSync(log);
}

async function untilItAnswers(host: string, log: string | undefined): Promise<void> {
  const deadline = Date.now() + START_WITHIN_SECONDS * 1000;
  for (;;) {
    const answer = await askEngine(host);
    if (answer.kind !== "absent") return;
    if (Date.now() > deadline) {
      const tail = log === undefined ? [] : (await readFile(log, "utf8").catch(() => "")).trim().split("\n").slice(-12);
      throw new Error([`the engine gave no answer in ${START_WITHIN_SECONDS} s (${answer.detail})`, ...tail].join("\n    "));
    }
    await pause(200);
  }
}

/** The process of the engine that set-up started, as long as it runs. */
async function startedEngine(machine: Machine): Promise<number | undefined> {
  const pid = Number(await readFile(pidFile(machine), "utf8").catch(() => ""));
  if (!(pid > 0)) return undefined;
  // The file's own path on its command line tells it from a later process with the same number.
  const words = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
  return words.includes(pidFile(machine)) ? pid : undefined;
}

function pidFile(machine: Machine): string {
  return join(machine.cache, "engine", "dockerd.pid");
}

function logFile(machine: Machine): string {
  return join(machine.cache, "engine", "dockerd.log");
}
