/** Questions to the Docker engine about what a stack made there. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ownedBy, type Owner } from "./labels.ts";
import { UserError } from "../toolchain/userError.ts";
import { configuredEngine, projectName } from "../stack/settingsFile.ts";

const run = promisify(execFile);

/** Runs `docker` and returns what it prints. @throws UserError with its words. */
export async function docker(...words: string[]): Promise<string> {
  try {
    return (await run("docker", words, { maxBuffer: 64 * 1024 ** 2 })).stdout.trim();
  } catch (error) {
    throw new UserError(`docker ${words[0]}: ${((error as { stderr?: string }).stderr || (error as Error).message).trim()}`);
  }
}

/**
 * Has the `docker` commands of this process talk to the engine that Pulumi works on, whatever Docker context a person
 * has chosen. Returns whose things to look for there.
 */
export async function openEngine(root: string, stack: string): Promise<Owner> {
  const [project, host] = await Promise.all([projectName(root), configuredEngine(root, stack)]);
  process.env["DOCKER_CONTEXT"] = "default"; // which is DOCKER_HOST, or the usual socket
  if (host !== undefined) process.env["DOCKER_HOST"] = host;
  return { project, stack: stack.split("/").at(-1) ?? stack };
}

export interface ContainerState {
  readonly name: string;
  readonly part: string;
  readonly release: string;
  /** Its name in the configuration; "" where it is none. */
  readonly accessory: string;
  /** running, exited, restarting, … */
  readonly state: string;
  /** healthy, unhealthy, starting; "" where the image has no health check. */
  readonly health: string;
  readonly restarts: number;
  readonly since: string;
}

/** The stack's containers, running or not. */
export async function containersOf(owner: Owner): Promise<ContainerState[]> {
  const ids = (await docker("ps", "--all", "--quiet", ...ownedBy(owner))).split("\n").filter(Boolean);
  if (ids.length === 0) return [];
  const found = JSON.parse(await docker("inspect", ...ids)) as {
    Name: string;
    RestartCount: number;
    State: { Status: string; StartedAt: string; Health?: { Status: string } };
    Config: { Labels: Record<string, string> };
  }[];
  return found
    .map(({ Name, RestartCount, State, Config }) => ({
      name: Name.slice(1),
      part: Config.Labels["berth.part"] ?? "",
      release: Config.Labels["berth.release"] ?? "",
      accessory: Config.Labels["berth.accessory"] ?? "",
      state: State.Status,
      health: State.Health?.Status ?? "",
      restarts: RestartCount,
      since: State.StartedAt.replace("T", " ").slice(0, 19),
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}
