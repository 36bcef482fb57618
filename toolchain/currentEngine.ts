import { existsSync } from "node:fs";
import { link, rm } from "node:fs/promises";
import { join } from "node:path";
import { aptInstall, aptObstacle, aptProvide } from "./apt.ts";
import { cacheKey, entryFolder, makeEntry, withLock } from "./cache.ts";
import { askEngine } from "./docker.ts";
import { daemonProcess, pidFile, startDaemon, stopDaemon, type Daemon } from "./dockerd.ts";
import { joinNetwork, leaveNetwork, namespaceAddress, namespacePath, type EngineNetwork } from "./engineNetwork.ts";
import { buildProgram, goObstacle, programKey, type GoProgram } from "./golang.ts";
import type { Machine } from "./machine.ts";
import type { Need, Report } from "./need.ts";
import { run } from "./run.ts";
import { VERSIONS } from "./versions.ts";

const MODULE = "dockerd";
const PROGRAMS: readonly GoProgram[] = [
  {
    name: "dockerd",
    package: "github.com/moby/moby/v2/cmd/dockerd",
    module: MODULE,
    variables: { "github.com/moby/moby/v2/dockerversion.Version": VERSIONS.currentEngine },
    typicalSeconds: 165,
  },
  { name: "docker-proxy", package: "github.com/moby/moby/v2/cmd/docker-proxy", module: MODULE, typicalSeconds: 5 },
  { name: "runc", package: "github.com/opencontainers/runc", cgoTags: ["seccomp"], typicalSeconds: 15 },
];

/** A running engine of the current kind. */
export interface CurrentEngine {
  /** Its address, as in DOCKER_HOST. */
  readonly dockerHost: string;
  /** The path of its network namespace, for `nsenter --net=`: loopback ports that it publishes are in there. */
  readonly netns: string;
  /** The namespace's address as seen from the machine: ports published on 0.0.0.0 answer here. */
  readonly address: string;
}

/** The need for the current engine (API 1.56, containerd image store), beside the machine's own engine. */
export function currentEngineNeed(machine: Machine): Need {
  return {
    name: "engine",
    wanted: `${VERSIONS.currentEngine} beside the machine's own`,
    look: async () => {
      const answer = await askEngine(currentHost(machine));
      if (answer.kind !== "up") return undefined;
      const version = `${answer.version} (API ${answer.apiVersion})`;
      return { version, place: currentHost(machine), from: "built from Go modules" };
    },
    byHand: "Install a current Docker Engine and point DOCKER_HOST at it.",
    sources: [
      {
        from: "built from Go modules",
        typicalSeconds: 200,
        obstacle: async () => aptObstacle() ?? goObstacle(machine.cache),
        get: (report) => startCurrent(machine, report),
      },
    ],
  };
}

/** The address of the current engine, whether it runs or not. */
export function currentHost(machine: Machine): string {
  return `unix://${join(folder(machine), "docker.sock")}`;
}

/** The current engine as long as it runs. */
export async function runningCurrentEngine(machine: Machine): Promise<CurrentEngine | undefined> {
  if ((await daemonProcess(daemon(machine))) === undefined) return undefined;
  const address = await namespaceAddress(network(machine));
  return address === undefined ? undefined : { dockerHost: currentHost(machine), netns: namespacePath(network(machine)), address };
}

/** Stops the current engine and takes its network away; says whether it ran. With `wipe`, its images and data go too. */
export async function stopCurrent(machine: Machine, options: { readonly wipe?: boolean } = {}): Promise<boolean> {
  if (!existsSync(folder(machine))) return false;
  return withLock(
    machine.cache,
    "engine-current",
    () => {},
    async () => {
      const ran = await stopDaemon(daemon(machine));
      await leaveNetwork(network(machine));
      if (options.wipe) await rm(folder(machine), { recursive: true, force: true });
      return ran;
    },
  );
}

async function startCurrent(machine: Machine, report: Report): Promise<void> {
  const programs = await buildEngine(machine, report);
  await aptProvide({ containerd: "containerd", iptables: "iptables", ip: "iproute2", docker: "docker.io" }, report);
  report("starting the engine");
  await withLock(
    machine.cache,
    "engine-current",
    () => report("waiting for another run that starts it"),
    async () => {
      if ((await runningCurrentEngine(machine)) !== undefined) return;
      await joinNetwork(network(machine));
      const of = (name: string) => join(folder(machine), name);
      const options = ["--data-root", of("data"), "--exec-root", of("exec"), "--pidfile", pidFile(daemon(machine))];
      // `ip netns exec` would lose the cgroup mounts; a /run of its own keeps it from the other engine's containerd.
      const start = 'mount -t tmpfs tmpfs /run && exec dockerd "$@"';
      const namespaces = [`--net=${namespacePath(network(machine))}`, "unshare", "--mount", "--uts"];
      const words = ["nsenter", ...namespaces, "sh", "-c", start, "dockerd", ...options, "--host", currentHost(machine)];
      await startDaemon(daemon(machine), words, [programs]);
    },
  );
}

/** Builds dockerd, docker-proxy and runc, and returns the folder that holds the three. */
async function buildEngine(machine: Machine, report: Report): Promise<string> {
  const { root, cache } = machine;
  const key = cacheKey(...(await Promise.all(PROGRAMS.map((program) => programKey(root, program)))));
  if (existsSync(entryFolder(cache, "engine-programs", key))) return entryFolder(cache, "engine-programs", key);
  await provideSeccomp(report);
  const built = await Promise.all(PROGRAMS.map((program) => buildProgram(root, cache, program, report)));
  return makeEntry(cache, "engine-programs", key, async (unfinished) => {
    for (const [i, { name }] of PROGRAMS.entries()) await link(join(built[i] ?? "", name), join(unfinished, name));
  });
}

/** runc filters system calls with a C library, so it takes a C compiler and that library's headers. */
async function provideSeccomp(report: Report): Promise<void> {
  await aptProvide({ gcc: "gcc", "pkg-config": "pkg-config" }, report);
  const there = await run("pkg-config", ["--exists", "libseccomp"]).then(
    () => true,
    () => false,
  );
  if (!there) await aptInstall(["libseccomp-dev", "libc6-dev"], report);
}

function folder(machine: Machine): string {
  return join(machine.cache, "engine-current");
}

function daemon(machine: Machine): Daemon {
  return { folder: folder(machine), host: currentHost(machine) };
}

/** Named by the cache's place, so that runs with different caches do not meet. An interface's name has 15 letters at most. */
function network(machine: Machine): EngineNetwork {
  const id = cacheKey(machine.cache).slice(0, 8);
  return { name: `berth-${id}`, link: `berth${id}` };
}
