import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Report } from "./need.ts";
import { run } from "./run.ts";

/** Within this time a site must answer, or it counts as out of reach, in seconds. */
export const PROBE_SECONDS = 3;
/** A download that brings nothing for this time is given up, in seconds. */
const STALLED_SECONDS = 20;

const probes = new Map<string, Promise<string | undefined>>();

/**
 * Why downloads from the site that holds `url` are out of reach, or undefined where it answers. Each site is asked once
 * in the life of the process, however many needs want to know.
 */
export function siteObstacle(url: string): Promise<string | undefined> {
  const { origin } = new URL(url);
  let probe = probes.get(origin);
  if (probe === undefined) {
    probe = probeSite(url, origin);
    probes.set(origin, probe);
  }
  return probe;
}

async function probeSite(url: string, origin: string): Promise<string | undefined> {
  try {
    // 401 is how a container registry greets someone it does not know yet.
    const response = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(PROBE_SECONDS * 1000) });
    return response.ok || response.status === 401 ? undefined : `${origin} answered ${response.status}`;
  } catch (error) {
    return `${origin} is out of reach (${reason(error)})`;
  }
}

/** Downloads `url` into `file`. With `sha256`, the content must have that digest. Throws an Error that says why not. */
export async function download(url: string, file: string, sha256: string | undefined, report: Report): Promise<void> {
  const stalled = new AbortController();
  let timer = setTimeout(() => stalled.abort(), STALLED_SECONDS * 1000);
  const hash = createHash("sha256");
  let received = 0;
  try {
    const response = await fetch(url, { signal: stalled.signal });
    if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`);
    const total = Number(response.headers.get("content-length") ?? Number.NaN);
    await pipeline(
      Readable.fromWeb(response.body as import("node:stream/web").ReadableStream<Uint8Array>),
      async function* count(parts: AsyncIterable<Buffer>) {
        for await (const part of parts) {
          clearTimeout(timer);
          timer = setTimeout(() => stalled.abort(), STALLED_SECONDS * 1000);
          hash.update(part);
          received += part.length;
          report(`downloading ${megabytes(received)}${total > 0 ? ` of ${megabytes(total)}` : ""} MB`);
          yield part;
        }
      },
      createWriteStream(file),
    );
  } catch (error) {
    await rm(file, { force: true });
    throw new Error(`the download of ${url} was cut off after ${megabytes(received)} MB (${reason(error)})`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
  const digest = hash.digest("hex");
  if (sha256 !== undefined && digest !== sha256) {
    await rm(file, { force: true });
    throw new Error(`${url} has the SHA-256 ${digest}, the site's list of checksums says ${sha256}`);
  }
}

/** The SHA-256 of `name` in a list of checksums ("<digest>  <name>" lines) at `url`. Throws where it is not in there. */
export async function publishedChecksum(url: string, name: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(STALLED_SECONDS * 1000) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const line = (await response.text()).split("\n").find((text) => text.trim().split(/\s+\*?/)[1] === name);
  const digest = line?.trim().split(/\s+/)[0];
  if (digest === undefined) throw new Error(`${url} has no checksum for ${name}`);
  return digest.toLowerCase();
}

/** Downloads a .tar.gz and unpacks it into `folder`, which must exist. */
export async function downloadAndUnpack(url: string, folder: string, sha256: string | undefined, report: Report): Promise<void> {
  const archive = join(folder, ".download.tar.gz");
  await mkdir(folder, { recursive: true });
  await download(url, archive, sha256, report);
  report("unpacking");
  await run("tar", ["-xzf", archive, "-C", folder]);
  await rm(archive);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

/** The innermost reason: fetch itself only says "fetch failed". */
function reason(error: unknown): string {
  const { name, message, cause } = error as { name?: string; message?: string; cause?: { message?: string } };
  if (name === "TimeoutError") return `no answer in ${PROBE_SECONDS} s`;
  if (name === "AbortError") return `nothing came for ${STALLED_SECONDS} s`;
  return cause?.message || message || String(error);
}
