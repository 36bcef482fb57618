import { cacheFolder } from "./cache.ts";
import { dockerHost } from "./docker.ts";
import { downloadSites } from "./versions.ts";

/** What the needs have to know about this machine and this checkout. */
export interface Machine {
  /** The checkout. */
  readonly root: string;
  /** Where set-up keeps what it built. */
  readonly cache: string;
  /** The engine's address, as in DOCKER_HOST. */
  readonly dockerHost: string;
  /** Where Pulumi keeps its plugins and its login: $PULUMI_HOME, else ~/.pulumi. */
  readonly pulumiHome: string;
  readonly sites: ReturnType<typeof downloadSites>;
}

/** Reads this machine from the environment. */
export function thisMachine(root: string, env: NodeJS.ProcessEnv = process.env): Machine {
  return {
    root,
    cache: cacheFolder(env),
    dockerHost: dockerHost(env),
    pulumiHome: env.PULUMI_HOME || `${env.HOME ?? "/root"}/.pulumi`,
    sites: downloadSites(env),
  };
}

/** This machine's kind in Go's words, as the names of official downloads have it. */
export function goPlatform(): { readonly os: string; readonly arch: string } {
  return { os: process.platform === "win32" ? "windows" : process.platform, arch: process.arch === "x64" ? "amd64" : process.arch };
}
