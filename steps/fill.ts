/** Copies a folder, of this machine or of a container, into a volume. */
import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { changing, type Owner } from "../engine/archive.ts";
import { archiveOf, unpackInto } from "../engine/files.ts";
import { StepError } from "./step.ts";

export type FileOwner = Owner;

/** A folder of this machine, or what a container has at a path. */
export type Source = { readonly folder: string } | { readonly container: string; readonly path: string };

/** Lines of what tar complains of that are part of the error. */
const COMPLAINTS = 5;

/**
 * Copies all of it, and the folder itself with it, because the engine leaves owner and mode of the folder that it copies into.
 * All gets one owner: that of a folder of this machine is nobody inside, and the image's may be root.
 * @throws Error with what failed first, and a part of it may be there
 */
export async function fill(container: string, folder: string, source: Source, owner: FileOwner): Promise<void> {
  const { into, outOf } = changing({ name: folder.slice(1), owner });
  const over = new AbortController();
  let first: unknown;
  const ended = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      // The words of a program explain more than the archive that it left incomplete.
      if (first === undefined || error instanceof StepError) first = error;
      over.abort();
    }
  };
  await Promise.all([
    ended("folder" in source ? readFolder(source.folder, into, over.signal) : readContainer(source, into, over.signal)),
    ended(unpackInto(container, "/", outOf, { signal: over.signal })),
  ]);
  if (first !== undefined) throw first as Error;
}

async function readContainer(
  { container, path }: Extract<Source, { container: string }>,
  into: Writable,
  signal: AbortSignal,
): Promise<void> {
  await pipeline(await archiveOf(container, path, signal), into, { signal });
}

async function readFolder(folder: string, into: Writable, signal: AbortSignal): Promise<void> {
  const words = ["--create", "--numeric-owner", "--file", "-", "--directory", folder, "."];
  const tar = spawn("tar", words, { stdio: ["ignore", "pipe", "pipe"] });
  signal.addEventListener("abort", () => tar.kill());
  const ended = new Promise<string>((resolve, reject) => {
    tar.on("error", reject).on("close", (code, by) => resolve(code === null ? `by ${by}` : code === 0 ? "" : `with exit code ${code}`));
  });
  const [piped, complaint, end] = await Promise.allSettled([pipeline(tar.stdout, into, { signal }), text(tar.stderr), ended]);
  if (end.status === "rejected") throw new StepError(`tar cannot be run: ${(end.reason as Error).message}`);
  const said = complaint.status === "fulfilled" ? complaint.value.trim().split("\n").slice(0, COMPLAINTS).join("\n  ") : "";
  const endedByUs = signal.aborted && end.value.startsWith("by ");
  if (end.value !== "" && !endedByUs) throw new StepError(`tar of ${folder} ended ${end.value}: ${said}`);
  if (piped.status === "rejected") throw piped.reason;
}
