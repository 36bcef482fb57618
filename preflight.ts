/** What this machine must offer before anything is created: the files, the engine, the ports, an earlier image. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { engineHost } from "./components/engine.ts";
import type { Release } from "./components/ledger.ts";
import type { Owner } from "./components/owner.ts";
import type { Settings } from "./settings.ts";

const run = promisify(execFile);

/** The oldest Engine API that has all that Berth uses (Docker Engine 20.10). */
export const LEAST_API = 1.41;
const SECONDS = 15;

/** A folder that can be built. @throws RunError where the context or its Dockerfile is missing. */
export function checkContext(context: string, dockerfile: string): void {
  if (!existsSync(context)) fail(`berth:build.context ${context} does not exist: make the folder, or set it with: pulumi config set --path berth:build.context <folder>`);
  if (!existsSync(join(context, dockerfile))) {
    fail(`there is no ${join(context, dockerfile)}: write one, or name yours with: pulumi config set --path berth:build.dockerfile <file>`);
  }
}

/** Asks the engine before the program declares anything. @throws RunError with one line that says what to do. */
export async function checkEngine(owner: Owner, settings: Settings, release: Release, built: boolean): Promise<void> {
  await checkVersion();
  const checks = [checkPort(owner, settings, "port", settings.port)];
  if (settings.tls) checks.push(checkPort(owner, settings, "httpsPort", settings.httpsPort));
  if (!built) checks.push(checkImage(release));
  if (isLocal()) for (const { source } of release.settings.binds) if (!existsSync(source)) fail(`berth:binds has the source ${source}, which does not exist on this host: make it, or remove the entry`);
  await Promise.all(checks);
}

const docker = async (...words: string[]): Promise<string> =>
  (await run("docker", words, { timeout: SECONDS * 1000, env: { ...process.env, DOCKER_HOST: engineHost() } })).stdout.trim();

const isLocal = (): boolean => engineHost().startsWith("unix:");

async function checkVersion(): Promise<void> {
  let api: string;
  try {
    api = await docker("version", "--format", "{{.Server.APIVersion}}");
  } catch (error) {
    return fail(engineProblem(error as NodeJS.ErrnoException & { stderr?: string; killed?: boolean }, engineHost()));
  }
  if (!isEnough(api)) fail(`the Docker engine at ${engineHost()} speaks API ${api}, Berth needs ${LEAST_API} (Docker Engine 20.10) or later: upgrade it`);
}

/** Compares API versions by number, not by text: 1.9 is older than 1.41. Pure. */
export function isEnough(api: string): boolean {
  const [major = 0, minor = 0] = api.split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = String(LEAST_API).split(".").map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

/** Why the engine cannot be used, and what to do. Pure. */
export function engineProblem(error: { code?: string | number | undefined; stderr?: string; killed?: boolean }, host: string): string {
  const words = error.stderr ?? "";
  if (error.code === "ENOENT") return "the docker command is missing: install Docker, or run: npm run setup";
  if (/permission denied/i.test(words)) return `no permission to use the Docker engine at ${host}: run as root, or join its group: sudo usermod -aG docker $USER, then log in again`;
  if (error.killed) return `the Docker engine at ${host} gave no answer in ${SECONDS} s: check it with: docker info`;
  if (/too old|minimum supported/i.test(words)) return `the docker command and the engine at ${host} do not fit: ${words.trim().split("\n")[0]}`;
  return `no Docker engine answers at ${host}: start it, or run: npm run setup${words.includes("Cannot connect") ? "" : ` (${words.trim().split("\n")[0]})`}`;
}

async function checkPort(owner: Owner, settings: Settings, key: "port" | "httpsPort", port: number): Promise<void> {
  const format = '{{.Names}}\t{{.Label "berth.project"}}\t{{.Label "berth.stack"}}';
  const holder = (await docker("ps", "--filter", `publish=${port}`, "--format", format)).split("\n")[0]?.split("\t");
  if (holder?.[0]) {
    const [name, project, stack] = holder;
    if (project === owner.project && stack === owner.stack) return; // our own gateway
    return fail(portTaken(key, port, `container ${name}${stack ? ` of stack ${project}/${stack}` : ""}`));
  }
  if (isLocal() && (await isTaken(port, settings.bindAddress))) fail(portTaken(key, port, "another program"));
}

const portTaken = (key: string, port: number, by: string) =>
  `berth:${key} is ${port}, but ${by} holds that port: stop it, or take another with: pulumi config set berth:${key} <port>`;

const isTaken = (port: number, host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "EADDRINUSE"));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(false)));
  });

async function checkImage({ name, image }: Release): Promise<void> {
  try {
    await docker("image", "inspect", "--format", "{{.Id}}", image ?? "");
  } catch {
    fail(`release ${name} cannot be brought back: its image is no longer on the engine. Choose another with npm run releases, or build again: pulumi config rm berth:release`);
  }
}

function fail(message: string): never {
  throw new pulumi.RunError(message);
}
