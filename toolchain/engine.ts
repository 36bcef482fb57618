import { join } from "node:path";
import { aptObstacle, aptProvide, hasServiceManager, sbinPath } from "./apt.ts";
import { withLock } from "./cache.ts";
import { askEngine, DEFAULT_DOCKER_HOST, type EngineAnswer } from "./docker.ts";
import { daemonProcess, pidFile, startDaemon, stopDaemon, untilItAnswers, type Daemon } from "./dockerd.ts";
import type { Machine } from "./machine.ts";
import type { Found, Need, Report } from "./need.ts";
import { findOnPath } from "./path.ts";
import { run } from "./run.ts";
import { isAtLeast } from "./semver.ts";
import { UserError } from "../settings/userError.ts";
import { VERSIONS } from "./versions.ts";

/** The Docker Engine at DOCKER_HOST or the default socket, started from Debian's package where there is none. */
export function engineNeed(machine: Machine): Need {
  return {
    name: "engine",
    wanted: `API ${VERSIONS.engineApi} or later`,
    look: () => findEngine(machine),
    byHand: "Install Docker Engine 20.10 or later and start it, or point DOCKER_HOST at one (`docker context ls` knows yours).",
    sources: [
      {
        from: "service manager",
        typicalSeconds: 5,
        obstacle: async () => serviceObstacle(machine),
        get: async (report) => {
          report("starting the docker service");
          await run("systemctl", ["start", "docker"]);
          await untilItAnswers(machine.dockerHost);
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

/** The docker command, by which the end-to-end tests see the engine as a person does. Berth itself runs none. */
export function dockerCliNeed(): Need {
  return {
    name: "docker CLI",
    wanted: "any version",
    within: "engine", // whose package brings it along on some releases
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

/** Stops the engine if set-up has started it; says whether it had. */
export function stopEngine(machine: Machine): Promise<boolean> {
  return stopDaemon(daemon(machine));
}

function daemon(machine: Machine): Daemon {
  return { folder: join(machine.cache, "engine"), host: machine.dockerHost };
}

async function findEngine(machine: Machine): Promise<Found | undefined> {
  const version = usableEngine(await askEngine(machine.dockerHost), machine.dockerHost);
  if (version === undefined) return undefined;
  const from = (await daemonProcess(daemon(machine))) === undefined ? "already on this machine" : "started by set-up";
  return { version, place: machine.dockerHost, from };
}

/** The version of an engine that answered; undefined where none did. Throws a `UserError` for one that cannot be used. */
export function usableEngine(answer: EngineAnswer, host: string): string | undefined {
  if (answer.kind === "absent") return undefined;
  if (answer.kind === "forbidden") {
    throw new UserError(
      `Permission denied at the Docker socket ${host}. Allow yourself to use it, then log in again: ` + "sudo usermod -aG docker $USER",
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
  if (findOnPath("dockerd", sbinPath()) === undefined) return "Docker Engine is not installed";
  return process.getuid?.() === 0 ? undefined : "only root may start a service: sudo systemctl start docker";
}

function debianObstacle(machine: Machine): string | undefined {
  return notDefaultSocket(machine) ?? (process.platform === "linux" ? aptObstacle() : "an engine takes a Linux machine");
}

function notDefaultSocket(machine: Machine): string | undefined {
  return machine.dockerHost === DEFAULT_DOCKER_HOST ? undefined : `DOCKER_HOST is ${machine.dockerHost}, which does not answer`;
}

async function installAndStart(machine: Machine, report: Report): Promise<void> {
  await aptProvide({ dockerd: "docker.io", iptables: "iptables" }, report);
  if (hasServiceManager()) {
    report("starting the docker service");
    await run("systemctl", ["start", "docker"]);
    return untilItAnswers(machine.dockerHost);
  }
  await withLock(
    machine.cache,
    "engine",
    () => report("waiting for another run that starts it"),
    async () => {
      if ((await findEngine(machine)) !== undefined) return;
      report("starting the engine");
      await startDaemon(daemon(machine), ["dockerd", "--pidfile", pidFile(daemon(machine))], []);
    },
  );
}
