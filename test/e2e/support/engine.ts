/** What is on the engine, as the tests see it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export async function docker(...words: string[]): Promise<string> {
  return (await run("docker", words, { maxBuffer: 64 * 1024 ** 2 })).stdout.trim();
}

export const lines = (text: string): string[] => text.split("\n").filter(Boolean);

/** Runs a bash script as root with a volume at /data, in a container of the base image. Returns what it prints. */
export const inVolume = (volume: string, script: string): Promise<string> => {
  const options = ["--rm", "--network", "none", "--user", "0", "--volume", `${volume}:/data`, "--entrypoint", "/bin/bash"];
  return docker("run", ...options, "node:24-bookworm-slim", "-c", script);
};

/**
 * Names of all that a stack has on the engine, by kind; the lock of a command that has just ended goes a moment later, and does not count.
 */
export async function census(stack: string): Promise<{ containers: string[]; volumes: string[]; networks: string[]; images: string[] }> {
  const mine = ["--filter", `label=berth.stack=${stack}`];
  return {
    containers: lines(await docker("ps", "--all", "--format", "{{.Names}}", ...mine))
      .filter((name) => !name.endsWith("-lock"))
      .sort(),
    volumes: lines(await docker("volume", "ls", "--format", "{{.Name}}", ...mine)).sort(),
    networks: lines(await docker("network", "ls", "--format", "{{.Name}}", ...mine)).sort(),
    images: lines(await docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", ...mine)).sort(),
  };
}

export interface Inspected {
  Name: string;
  Image: string;
  Config: { User: string; Env: string[]; Labels: Record<string, string>; Healthcheck?: unknown };
  HostConfig: Record<string, unknown> & {
    PortBindings: Record<string, { HostIp: string; HostPort: string }[]> | null;
    RestartPolicy: { Name: string };
    LogConfig: { Type: string; Config: Record<string, string> };
    Mounts?: { Type: string; Source: string; Target: string }[];
    Binds: string[] | null;
  };
  Mounts: { Type: string; Destination: string; RW: boolean; Propagation: string }[];
  NetworkSettings: { Networks: Record<string, unknown> };
}

/** `docker inspect` of every container of a stack. */
export async function inspectAll(stack: string): Promise<Inspected[]> {
  const { containers } = await census(stack);
  return JSON.parse(await docker("inspect", ...containers)) as Inspected[];
}
