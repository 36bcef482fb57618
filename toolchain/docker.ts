/** What set-up asks of an engine: whether it is there, and its images. */
import { createReadStream } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { resolveAddress } from "../docker/address.ts";
import { type Call, Client } from "../docker/client.ts";
import { EngineError } from "../docker/engineError.ts";

/** Where the engine is that commands talk to, unless something says otherwise. */
export const DEFAULT_DOCKER_HOST = "unix:///var/run/docker.sock";

/** An engine that does not answer within this time counts as absent, in seconds. */
const ANSWER_WITHIN_SECONDS = 3;
/** Seconds for a pull or a load: as a whole until it begins, and between two words of it. */
const TRANSFER = { seconds: 600, idle: 120 };

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

/** The engine's address; see `resolveAddress`. */
export const dockerHost = (env: NodeJS.ProcessEnv): string => resolveAddress({ env }).host;

/** The client of an engine at `host`, with the certificates that the environment has for it. */
const clientOf = (host: string): Client => {
  const address = resolveAddress({ env: process.env });
  return new Client(address.host === host ? address : resolveAddress({ env: { ...process.env, DOCKER_HOST: host } }));
};

/** Asks the engine at `host` (as in DOCKER_HOST) for its version. */
export async function askEngine(host: string): Promise<EngineAnswer> {
  try {
    const seconds = host.startsWith("ssh:") ? 20 : ANSWER_WITHIN_SECONDS;
    const { Version, ApiVersion, Arch } = await clientOf(host).ask<{ Version: string; ApiVersion: string; Arch: string }>(
      { path: "/version", what: "its version" },
      { seconds },
    );
    return { kind: "up", version: Version, apiVersion: ApiVersion, arch: Arch };
  } catch (error) {
    return {
      kind: error instanceof EngineError && error.failure === "forbidden" ? "forbidden" : "absent",
      detail: (error as Error).message,
    };
  }
}

/**
 * Looks for an image by its tag; undefined where the engine has none, or where there is no engine.
 * @throws EngineError where it cannot tell
 */
export async function findImage(host: string, tag: string): Promise<Image | undefined> {
  try {
    const image = await clientOf(host).askIfThere<{ Id: string; Config?: { Labels?: Record<string, string> | null } }>({
      path: `/images/${tag}/json`,
      what: `image ${tag}`,
    });
    return image && { id: image.Id, labels: image.Config?.Labels ?? {} };
  } catch (error) {
    // The need of an engine tells
    if (error instanceof EngineError && (error.failure === "absent" || error.failure === "forbidden")) return undefined;
    throw error;
  }
}

/** Pulls an image. @param onLine told how far it is @throws EngineError, Error with the engine's words */
export async function pullImage(host: string, image: string, onLine: (line: string) => void): Promise<void> {
  const [, fromImage = image, tag = "latest"] = /^(.*):([^:/]+)$/.exec(image) ?? [];
  await follow(host, { method: "POST", path: "/images/create", query: { fromImage, tag }, what: `to pull ${image}` }, onLine);
}

/** Loads an archive as `docker save` makes it. @throws EngineError, Error with the engine's words */
export async function loadArchive(host: string, file: string): Promise<void> {
  await follow(
    host,
    { method: "POST", path: "/images/load", query: { quiet: true }, body: createReadStream(file), what: "to load an image" },
    () => undefined,
  );
}

/** Reads the engine's words about long work to their end: an error is one of them. */
async function follow(host: string, call: Call, onLine: (line: string) => void): Promise<void> {
  const response: IncomingMessage = await clientOf(host).open(call, TRANSFER);
  for await (const line of createInterface({ input: response, crlfDelay: Infinity })) {
    if (!line.trim().startsWith("{")) continue;
    const { error, status, id } = JSON.parse(line) as { error?: string; status?: string; id?: string };
    if (error !== undefined) throw new Error(`the Docker engine refused ${call.what}: ${error}`);
    if (status !== undefined) onLine(id === undefined ? status : `${id}: ${status}`);
  }
  if (!response.complete) throw new Error(`the connection to the Docker engine at ${host} broke: asked ${call.what}`);
}
