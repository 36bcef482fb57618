/** What this machine must offer before anything is created: the files, the engine, the ports, an earlier image. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { drillProblems, readRecordLabels, RECORD_LABEL } from "../engine/backupRecord.ts";
import { containerName } from "../components/accessory.ts";
import { MARK } from "../stack/processes.ts";
import { engineHost } from "../engine/address.ts";
import type { Release } from "../release/ledger.ts";
import { ownedBy, type Owner } from "../engine/labels.ts";
import type { Settings } from "../settings/settings.ts";
import { lookAtBinds } from "./binds.ts";
import { findVolumeProblems } from "./volumes.ts";
import { RECORD_FILE } from "../engine/gatewayWords.ts";
import { isAtLeast } from "../toolchain/semver.ts";
import { VERSIONS } from "../toolchain/versions.ts";

const run = promisify(execFile);

const SECONDS = 15;

/** A folder that can be built. @throws RunError where the context or its Dockerfile is missing. */
export function checkContext(context: string, dockerfile: string): void {
  if (!existsSync(context)) fail(`berth:build.context ${context} does not exist: make the folder, or set it with: pulumi config set --path berth:build.context <folder>`);
  if (!existsSync(join(context, dockerfile))) {
    fail(`there is no ${join(context, dockerfile)}: write one, or name yours with: pulumi config set --path berth:build.dockerfile <file>`);
  }
}

/** Asks the engine before the program declares anything. Returns the hashes of the files that are bound, by their paths. @throws RunError with one line for each thing that is wrong. */
export async function checkEngine(owner: Owner, settings: Settings, release: Release, built: boolean, live?: Release, tried?: Release): Promise<Readonly<Record<string, string>>> {
  if (built && engineHost().startsWith("ssh:")) fail(`the Docker engine at ${engineHost()} cannot be built on, for Docker's provider sends no build over ssh: forward its socket, with: ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock ${engineHost().slice("ssh://".length)}, and set DOCKER_HOST=unix:///tmp/engine.sock (nothing was changed)`);
  await checkVersion();
  const answers = await Promise.all([
    live ? undefined : findLostState(owner),
    findPortProblem(owner, settings, "port"),
    settings.tls ? findPortProblem(owner, settings, "httpsPort") : undefined,
    built ? undefined : findImageProblem(release),
    ...settings.accessories.map(({ name }, index) => findNameProblem(owner, name, index)),
  ]);
  const volumes = await findVolumeProblems(owner, settings, release, live, docker);
  const binds = await lookAtBinds(owner, [release, ...(tried ? [tried] : [])], docker);
  const drills = built && live && live.name !== release.name ? await findDrillProblems(owner, settings) : [];
  const problems = [...new Set([...answers, ...volumes, ...binds.problems, ...drills].filter((problem) => problem !== undefined))];
  if (problems.length === 1) fail(`${problems[0]} (nothing was changed)`);
  if (problems.length > 1) fail(`${problems.length} problems on this machine; nothing was changed:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
  return binds.hashes;
}

async function docker(...words: string[]): Promise<string> {
  const asked = run("docker", words, { timeout: SECONDS * 1000, env: { ...process.env, DOCKER_HOST: engineHost() } });
  asked.child.stdin?.end(); // nothing more will come, should it read
  return (await asked).stdout.trim();
}

const isLocal = (): boolean => engineHost().startsWith("unix:");

async function checkVersion(): Promise<void> {
  let api: string;
  try {
    api = await docker("version", "--format", "{{.Server.APIVersion}}");
  } catch (error) {
    return fail(engineProblem(error as NodeJS.ErrnoException & { stderr?: string; killed?: boolean }, engineHost()));
  }
  if (!isEnough(api)) fail(`the Docker engine at ${engineHost()} speaks API ${api}, Berth needs ${VERSIONS.engineApi} (Docker Engine 20.10) or later: upgrade it`);
}

/** Whether an engine speaks all that Berth uses. Versions are compared by number: 1.9 is older than 1.41. Pure. */
export const isEnough = (api: string): boolean => isAtLeast(api, VERSIONS.engineApi);

/** Why the engine cannot be used, and what to do. Pure. */
export function engineProblem(error: { code?: string | number | undefined; stderr?: string; killed?: boolean }, host: string): string {
  const words = error.stderr ?? "";
  if (error.code === "ENOENT") return "the docker command is missing: install Docker, or run: npm run setup";
  if (host.startsWith("ssh:") && /permission denied/i.test(words)) return `no access to the Docker engine at ${host}: ${words.trim().split("\n")[0]} Check the key with: ssh ${host.slice("ssh://".length)} docker info`;
  if (/permission denied/i.test(words)) return `no permission to use the Docker engine at ${host}: run as root, or join its group: sudo usermod -aG docker $USER, then log in again`;
  if (error.killed) return `the Docker engine at ${host} gave no answer in ${SECONDS} s: check it with: docker info`;
  if (/too (old|new)|(minimum|maximum) supported/i.test(words)) return `the docker command and the engine at ${host} do not fit: ${words.trim().split("\n")[0]}`;
  return `no Docker engine answers at ${host}: start it, or run: npm run setup${words.includes("Cannot connect") ? "" : ` (${words.trim().split("\n")[0]})`}`;
}

/**
 * What has gone live left a record in its gateway: where Pulumi knows of no release, its own is lost. The commands look at that one
 * themselves, and end what was cut off before it was written.
 */
async function findLostState(owner: Owner): Promise<string | undefined> {
  if (process.env[MARK]) return undefined;
  const [gateway] = (await docker("ps", "--quiet", ...ownedBy(owner), "--filter", "label=berth.part=gateway")).split("\n").filter(Boolean);
  const lost = gateway !== undefined && (await docker("cp", `${gateway}:${RECORD_FILE}`, "-").then(() => true, () => false));
  return lost ? `the engine runs stack ${owner.stack}, and Pulumi knows of no release of it: its state was lost, or another checkout runs it. See docs/guides/lost-state.md, and npm run adopt` : undefined;
}

async function findPortProblem(owner: Owner, settings: Settings, key: "port" | "httpsPort"): Promise<string | undefined> {
  const port = settings[key];
  const format = '{{.Names}}\t{{.Label "berth.project"}}\t{{.Label "berth.stack"}}';
  const holders = (await docker("ps", "--filter", `publish=${port}`, "--format", format)).split("\n").filter((line) => line !== "").map((line) => line.split("\t"));
  if (holders.some(([, project, stack]) => project === owner.project && stack === owner.stack)) return undefined; // our own gateway
  const [holder] = holders;
  if (holder) {
    const [name, project, stack] = holder;
    return portTaken(key, port, `container ${name}${stack ? ` of stack ${project}/${stack}` : ""}`);
  }
  const obstacle = isLocal() ? await findObstacle(port, settings.bindAddress) : undefined;
  if (obstacle === "EADDRINUSE") return portTaken(key, port, "another program");
  if (obstacle === "EADDRNOTAVAIL") return `berth:bindAddress is ${settings.bindAddress}, which is no address of this machine: take one of its own, or 0.0.0.0 for all, with: pulumi config set berth:bindAddress <address>`;
  return undefined;
}

const portTaken = (key: string, port: number, by: string) =>
  `berth:${key} is ${port}, but ${by} holds that port: stop it, or take another with: pulumi config set berth:${key} <port>`;

/** Why this machine does not let a program listen there; undefined where it does, or only the engine may. */
const findObstacle = (port: number, host: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });

async function findImageProblem({ name, image }: Release): Promise<string | undefined> {
  try {
    await docker("image", "inspect", "--format", "{{.Id}}", image ?? "");
    return undefined;
  } catch {
    return `release ${name} cannot be brought back: its image is no longer on the engine. Choose another with npm run releases, or build again: pulumi config rm berth:release`;
  }
}

/** A container that is not this stack's must not have the name of an accessory. */
async function findNameProblem(owner: Owner, accessory: string, index: number): Promise<string | undefined> {
  const name = containerName(owner, accessory);
  const holder = await docker("ps", "--all", "--filter", `name=^/${name}$`, "--format", '{{.Label "berth.project"}}/{{.Label "berth.stack"}}');
  if (holder === "" || holder === `${owner.project}/${owner.stack}`) return undefined;
  return `a container that is not this stack's is called ${name}, as the accessory ${accessory} would be: rename it, or give the accessory another name with: pulumi config set --path 'berth:accessories[${index}].name' <name>`;
}

/** The first release of a stack has nothing to lose, and one that is brought back is no new one. */
async function findDrillProblems(owner: Owner, { backups, volumeBackups }: Settings): Promise<string[]> {
  if (backups?.maxDrillAge === undefined) return [];
  const rows = await docker("volume", "ls", ...ownedBy(owner), "--filter", `label=${RECORD_LABEL}`, "--format", `{{.Label "${RECORD_LABEL}"}}`);
  return drillProblems(backups, volumeBackups, readRecordLabels(rows), new Date());
}

function fail(message: string): never {
  throw new pulumi.RunError(message);
}
