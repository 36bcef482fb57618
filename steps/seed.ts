/** Fills a new volume from a folder of this machine or a path of the image, and never one that has data. */
import { spawn } from "node:child_process";
import { pipeline } from "node:stream/promises";
import { labelWords, type Owner } from "../engine/labels.ts";
import type { SeedSettings } from "../settings/settings.ts";
import { changing, entriesIn, entryAt, type Owner as FileOwner } from "../engine/archive.ts";
import { docker, tryDocker } from "../engine/docker.ts";
import { readInput, runStep, StepError } from "./step.ts";

export interface SeedInput {
  readonly owner: Owner;
  /** The engine's name of the volume. */
  readonly volume: string;
  /** Where the app finds it. */
  readonly target: string;
  readonly seed: SeedSettings;
  readonly image: string;
  /** Who the app runs as; null: as its image says. */
  readonly user: FileOwner | null;
}

/** A folder that no image has, where an engine would fill a new volume by itself. */
const FOLDER = "/berth-volume";

async function main(): Promise<void> {
  const input = readInput<SeedInput>();
  const { owner, volume, seed } = input;
  const helper = `${owner.project}-${owner.stack}-seed-${volume}`;
  // It is there while the volume is filled: one that is found was cut off. Once a replica mounts the volume, all in it is data.
  const cutOff = (await users(volume)).join() === helper;
  if (!cutOff) {
    const isNew = await withContainer(input, [], isEmpty);
    if (!isNew) return console.log(`volume ${volume} has data already: nothing was put there`);
  }
  await tryDocker(["rm", "--force", helper]);
  // A container of its own to read from: while one is read, the engine lets nobody write into it.
  await withContainer(input, ["--name", helper], (container) => withContainer(input, [], (source) => fill(input, source, container)));
  console.log(`volume ${volume} begins with ${typeof seed === "string" ? `the folder ${seed}` : `${seed.image} of the image`}`);
}

const users = async (volume: string): Promise<string[]> =>
  (await docker(["ps", "--all", "--filter", `volume=${volume}`, "--format", "{{.Names}}"])).split("\n").filter(Boolean);

/** By way of a container that is never started: the image may have no program but the app. */
async function withContainer<T>({ owner, volume, image }: SeedInput, more: readonly string[], work: (container: string) => Promise<T>): Promise<T> {
  const container = await docker(["create", ...labelWords(owner, "helper"), ...more, "--network", "none", "--mount", `type=volume,source=${volume},target=${FOLDER}`, image, "never-started"]);
  try {
    return await work(container);
  } finally {
    await docker(["rm", "--force", container]);
  }
}

async function isEmpty(container: string): Promise<boolean> {
  return (await entriesIn([`${container}:${FOLDER}`], 2)).length < 2; // the first is the folder itself
}

async function fill({ target, seed, user }: SeedInput, source: string, container: string): Promise<void> {
  const root = await entryAt(source, target);
  const owner = root ? { uid: root.uid ?? 0, gid: root.gid ?? 0 } : (user ?? { uid: 0, gid: 0 });
  if (typeof seed !== "string" && !(await entryAt(source, seed.image))) throw new StepError(`the image has no ${seed.image}, which a new volume at ${target} is to begin with`);
  // The volume's own folder comes with it, because the engine leaves owner and mode of the folder that it copies into.
  // All gets one owner: that of a folder of this machine is nobody inside, and the image's may be root.
  const [program = "", ...words] = typeof seed === "string" ? ["tar", "--create", "--numeric-owner", "--file", "-", "--directory", seed, "."] : ["docker", "cp", `${source}:${seed.image}`, "-"];
  const reading = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
  const writing = spawn("docker", ["cp", "-", `${container}:/`], { stdio: ["pipe", "ignore", "inherit"] });
  const ended = Promise.all([reading, writing].map((child) => new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? 1)))));
  const { into, outOf } = changing({ name: FOLDER.slice(1), owner });
  await Promise.all([pipeline(reading.stdout, into), pipeline(outOf, writing.stdin)]).catch(() => undefined); // the exit codes tell
  if ((await ended).some((code) => code !== 0)) throw new StepError(`the volume at ${target} could not be filled: see the words above`);
}

if (process.env["BERTH_INPUT"]) void runStep(main);
