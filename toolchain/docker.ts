import { request } from "node:http";
import { run } from "./run.ts";

/** Where the engine is that commands talk to, unless DOCKER_HOST says otherwise. */
export const DEFAULT_DOCKER_HOST = "unix:///var/run/docker.sock";

/** An engine that does not answer within this time counts as absent, in seconds. */
const ANSWER_WITHIN_SECONDS = 3;

/** What came of asking an engine for its version. */
export type EngineAnswer =
  | { readonly kind: "up"; readonly version: string; readonly apiVersion: string; readonly arch: string }
  | { readonly kind: "absent"; readonly detail: string }
  | { readonly kind: "forbidden"; readonly detail: string };

/** An image as an engine knows it. */
export interface Image {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The engine's address: DOCKER_HOST, else the default socket. */
export function dockerHost(env: NodeJS.ProcessEnv): string {
  return env.DOCKER_HOST || DEFAULT_DOCKER_HOST;
}

/** Asks the engine at `host` (as in DOCKER_HOST) for its version. */
export async function askEngine(host: string): Promise<EngineAnswer> {
  try {
    const version = JSON.parse(await get(host, "/version", ["version", "--format", "{{json .Server}}"])) as {
      Version: string;
      ApiVersion: string;
      Arch: string;
    };
    return { kind: "up", version: version.Version, apiVersion: version.ApiVersion, arch: version.Arch };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const forbidden = (error as NodeJS.ErrnoException).code === "EACCES" || /permission denied/i.test(detail);
    return { kind: forbidden ? "forbidden" : "absent", detail };
  }
}

/** Looks for an image by its tag; undefined where the engine has none or does not answer. */
export async function findImage(host: string, tag: string): Promise<Image | undefined> {
  try {
    const command = ["image", "inspect", "--format", "{{json .}}", tag];
    const image = JSON.parse(await get(host, `/images/${tag}/json`, command)) as {
      Id: string;
      Config?: { Labels?: Record<string, string> | null };
    };
    return { id: image.Id, labels: image.Config?.Labels ?? {} };
  } catch {
    return undefined;
  }
}

/** The environment for the docker CLI to talk to the engine at `host`. */
export function dockerEnvironment(host: string): NodeJS.ProcessEnv {
  return { ...process.env, DOCKER_HOST: host };
}

/**
 * Reads from the engine's API: at once where that is plain HTTP, which costs milliseconds, else (ssh, TLS) with the
 * docker command that answers the same.
 */
function get(host: string, path: string, command: readonly string[]): Promise<string> {
  const socket = /^unix:\/\/(.+)$/.exec(host)?.[1];
  if (socket !== undefined) return getHttp({ socketPath: socket, path });
  const tcp = /^(?:tcp|http):\/\/([^/:]+|\[[^\]]+\])(?::(\d+))?/.exec(host);
  if (tcp?.[1] !== undefined && !process.env.DOCKER_TLS_VERIFY && !process.env.DOCKER_TLS) {
    return getHttp({ host: tcp[1].replace(/^\[|\]$/g, ""), port: Number(tcp[2] ?? 2375), path });
  }
  return run("docker", command, { env: dockerEnvironment(host), timeoutSeconds: 20 });
}

function getHttp(target: { socketPath?: string; host?: string; port?: number; path: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ ...target, timeout: ANSWER_WITHIN_SECONDS * 1000, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (body += part));
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`it answered ${response.statusCode}: ${body.trim()}`));
      });
    });
    call.on("timeout", () => call.destroy(new Error(`no answer in ${ANSWER_WITHIN_SECONDS} s`)));
    call.on("error", reject);
    call.end();
  });
}
