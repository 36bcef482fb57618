/** Bind mounts, asked of the engine, which may run on another host, also behind a socket of this one. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { extract } from "tar-stream";
import { mountWords } from "../components/containerFlags.ts";
import { engineHost } from "../engine/address.ts";
import { labelWords, type Owner } from "../engine/labels.ts";
import type { Release } from "../release/ledger.ts";
import { stopReading } from "../engine/archive.ts";

/** A folder that no image has. */
const FOLDER = "/berth-bind";

type Docker = (...words: string[]) => Promise<string>;

export interface Binds {
  /** One line for each source that cannot be used. */
  readonly problems: readonly string[];
  /** Hash of each file, by its path. A folder has none, because it may be large and is the app's to watch. */
  readonly hashes: Readonly<Record<string, string>>;
}

/** Looks at what these releases bind. @param docker asks the engine */
export async function lookAtBinds(owner: Owner, releases: readonly Release[], docker: Docker): Promise<Binds> {
  const sources = [...new Set(releases.flatMap(({ settings }) => settings.binds.map(({ source }) => source)))];
  const image = sources.length > 0 ? (await docker("image", "ls", "--quiet", "--no-trunc")).split("\n")[0] : undefined;
  if (!image) return { problems: [], hashes: {} }; // nothing can be asked of an engine without an image: it will say so itself
  const looked = await Promise.all(sources.map(async (source) => ({ source, ...(await lookAt(source, image, owner, docker)) })));
  return {
    problems: looked.flatMap(({ source, problem }) => (problem ? [`berth:binds[${indexOf(releases, source)}].source is ${source}, ${problem}`] : [])),
    hashes: Object.fromEntries(looked.flatMap(({ source, hash }) => (hash ? [[source, hash]] : []))),
  };
}

const indexOf = (releases: readonly Release[], source: string): number =>
  Math.max(0, ...releases.map(({ settings }) => settings.binds.findIndex((bind) => bind.source === source)));

/** By way of a container that is never started. */
async function lookAt(source: string, image: string, owner: Owner, docker: Docker): Promise<{ readonly problem?: string; readonly hash?: string | undefined }> {
  let container: string;
  try {
    container = await docker("create", ...labelWords(owner, "helper"), "--network", "none", ...mountWords({ type: "bind", source, target: FOLDER, readOnly: true }), image, "never-started");
  } catch (error) {
    const words = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    return { problem: words.includes("does not exist") ? "which does not exist on the engine's host: make it, or remove the entry" : `which cannot be used: ${words}` };
  }
  try {
    return { hash: await hashOf(container) };
  } finally {
    await docker("rm", "--force", container);
  }
}

/** Of a file's bytes: neither times nor owners count. Undefined for a folder. */
function hashOf(container: string): Promise<string | undefined> {
  const child = spawn("docker", ["cp", "--follow-link", `${container}:${FOLDER}`, "-"], { stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, DOCKER_HOST: engineHost() } });
  return new Promise((resolve) => {
    const reader = extract();
    reader.on("entry", (header, entry) => {
      if (header.type !== "file") {
        stopReading(child);
        return resolve(undefined);
      }
      const hash = createHash("sha256");
      entry.on("data", (part) => hash.update(part as Buffer));
      entry.on("end", () => resolve(hash.digest("hex").slice(0, 12)));
    });
    reader.on("error", () => resolve(undefined)); // it was ended above
    child.stdout.pipe(reader);
  });
}
