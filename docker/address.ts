/** Which Docker engine is meant: one answer for Pulumi's program, the steps, every command and set-up. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where an engine is, and who said so. */
export interface Address {
  /** As in DOCKER_HOST: `unix:///…`, `tcp://host:port`, `ssh://user@host`, `npipe://…`. */
  readonly host: string;
  /** Such as "docker:host", "DOCKER_HOST", "Docker context work" or "the usual socket". */
  readonly from: string;
  /** Folder with ca.pem, cert.pem and key.pem, where the engine is asked by TLS. */
  readonly certificates?: string;
}

/** What decides. */
export interface AddressFacts {
  /** The stack's `docker:host`, where it has one. */
  readonly configured?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** The user's home. Default: that of this process. */
  readonly home?: string;
}

const DEFAULT_SOCKET = "/var/run/docker.sock";

/** Where an engine is that nobody has said anything of. */
export const DEFAULT_HOST = `unix://${DEFAULT_SOCKET}`;

/**
 * The engine's address: the stack's `docker:host`, else DOCKER_HOST, else the Docker context that DOCKER_CONTEXT or Docker's
 * own configuration selects, else the first of the usual sockets that is there, those without root included.
 * @throws Error where a selected context cannot be read
 */
export function resolveAddress({ configured, env, home = homedir() }: AddressFacts): Address {
  const certificates =
    env["DOCKER_TLS_VERIFY"] || env["DOCKER_TLS"] ? { certificates: env["DOCKER_CERT_PATH"] || join(home, ".docker") } : {};
  if (configured) return { host: configured, from: "docker:host", ...(configured.startsWith("tcp:") && certificates) };
  const host = env["DOCKER_HOST"];
  if (host) return { host, from: "DOCKER_HOST", ...(host.startsWith("tcp:") && certificates) };
  const folder = env["DOCKER_CONFIG"] || join(home, ".docker");
  const context = env["DOCKER_CONTEXT"] || selectedContext(folder);
  if (context && context !== "default") return readContext(folder, context);
  const sockets = [DEFAULT_SOCKET, ...rootlessSockets(env, home)];
  return { host: `unix://${sockets.find((socket) => existsSync(socket)) ?? DEFAULT_SOCKET}`, from: "the usual socket" };
}

/** Docker without root, and Docker Desktop, which keeps no socket at the usual place. */
const rootlessSockets = (env: NodeJS.ProcessEnv, home: string): string[] => [
  ...(env["XDG_RUNTIME_DIR"] ? [join(env["XDG_RUNTIME_DIR"], "docker.sock")] : []),
  join(home, ".docker", "run", "docker.sock"),
  join(home, ".docker", "desktop", "docker.sock"),
];

function selectedContext(folder: string): string | undefined {
  const file = join(folder, "config.json");
  if (!existsSync(file)) return undefined;
  return (parse(file) as { readonly currentContext?: string }).currentContext;
}

/** A context as the docker command writes it: `contexts/meta/<SHA-256 of the name>/meta.json`, certificates beside it below `tls`. */
function readContext(folder: string, name: string): Address {
  const hash = createHash("sha256").update(name).digest("hex");
  const file = join(folder, "contexts", "meta", hash, "meta.json");
  if (!existsSync(file))
    throw new Error(
      `the Docker context ${name} is selected, and there is none: docker context ls, or choose with docker context use <name>`,
    );
  const { Endpoints } = parse(file) as { readonly Endpoints?: { readonly docker?: { readonly Host?: string } } };
  const host = Endpoints?.docker?.Host;
  if (!host) throw new Error(`the Docker context ${name} names no engine: see docker context inspect ${name}`);
  const certificates = join(folder, "contexts", "tls", hash, "docker");
  return { host, from: `Docker context ${name}`, ...(existsSync(certificates) && { certificates }) };
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`${file} cannot be read, mend it: ${(error as Error).message}`);
  }
}

/** The variables by which Docker's own tools find an engine's certificates; none where it needs none. */
export const tlsVariables = ({ certificates }: Address): Record<string, string> =>
  certificates === undefined ? {} : { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: certificates };

/** Whether the engine's ports and folders are those of this machine. */
export const isLocal = ({ host }: Address): boolean => host.startsWith("unix:") || host.startsWith("npipe:");
