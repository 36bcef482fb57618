/**
 * Fills a new volume from a folder of this machine or a path of the image, and never one that has data. A container of a fixed
 * name is the record of it: while it is there, the volume is being filled, and what is in it is no data.
 */
import { createContainer, findContainer, listContainers, nameOf, removeContainer } from "../engine/containers.ts";
import { entriesIn, entryAt } from "../engine/files.ts";
import { labels, type Owner, stem } from "../release/labels.ts";
import type { SeedSettings } from "../settings/settings.ts";
import { IMAGES } from "../toolchain/versions.ts";
import { runToItsEnd, shellSpec } from "./copyVolumes.ts";
import { fill, type FileOwner } from "./fill.ts";
import { helperSpec, withHelper } from "./helper.ts";
import { readInput, runStep, StepError, withRepair } from "./step.ts";

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
  const { volume, seed } = input;
  const begun = await wasCutOff(input);
  if (!begun && !(await isEmpty(input))) return console.log(`volume ${volume} has data already: nothing was put there`);
  // A container of its own to read from: while one is read, the engine lets nobody write into it.
  await withHelper(helperSpec(marksOf(input), input.image), (source) => plant(input, source, begun), nameFor(input, "-source"));
  console.log(`volume ${volume} begins with ${typeof seed === "string" ? `the folder ${seed}` : `${seed.image} of the image`}`);
}

/** What the containers of a seed are called; without an end, the record. */
const nameFor = ({ owner, volume }: SeedInput, end = ""): string => `${stem(owner)}-seed-${volume}${end}`;
const marksOf = ({ owner }: SeedInput) => labels(owner, "helper");
const mountOf = ({ volume }: SeedInput) => ({ volume, folder: FOLDER });

/** Whether an earlier seed of the volume was cut off. @throws StepError where somebody uses the volume since: what they wrote is data */
async function wasCutOff(input: SeedInput): Promise<boolean> {
  const record = nameFor(input);
  if ((await findContainer(record)) === undefined) return false;
  const own = [record, ...["-look", "-empty"].map((end) => nameFor(input, end))];
  const users = (await listContainers({ volume: [input.volume] }, { all: true })).map(nameOf).filter((name) => !own.includes(name));
  if (users.length === 0) return true;
  throw new StepError(
    `volume ${input.volume} was not filled to its end by its seed, and ${users.join(", ")} has it now: ` +
      "whether data are in it cannot be told.\n" +
      `  Where they are good, docker rm ${record}. Where they are not, remove what has the volume. Then run the update again.`,
  );
}

/** @throws EngineError or StepError where that cannot be told */
const isEmpty = (input: SeedInput): Promise<boolean> =>
  withHelper(
    helperSpec(marksOf(input), input.image, mountOf(input)),
    async (container) => {
      const entries = await entriesIn(container, FOLDER, 2);
      if (entries.length === 0)
        throw new StepError(`whether volume ${input.volume} has data cannot be told: the engine gives nothing of it`);
      return entries.length === 1; // the folder itself
    },
    nameFor(input, "-look"),
  );

/** Fills the volume whole, or leaves it empty. */
async function plant(input: SeedInput, source: string, begun: boolean): Promise<void> {
  const { target, seed, user, image } = input;
  if (typeof seed !== "string" && !(await entryAt(source, seed.image))) {
    throw new StepError(`the image has no ${seed.image}, which a new volume at ${target} is to begin with`);
  }
  const root = await entryAt(source, target);
  const owner = root ? { uid: root.uid ?? 0, gid: root.gid ?? 0 } : (user ?? { uid: 0, gid: 0 });
  const record = nameFor(input);
  if (begun) await empty(input);
  else await createContainer(helperSpec(marksOf(input), image, mountOf(input)), record);
  try {
    await fill(record, FOLDER, typeof seed === "string" ? { folder: seed } : { container: source, path: seed.image }, owner);
  } catch (error) {
    const failure = new StepError(`the volume at ${target} could not be filled: ${(error as Error).message}`);
    await empty(input)
      .then(() => removeContainer(record))
      .catch((second: unknown) => {
        throw withRepair(failure, "What was put into it could not be removed, and will be by the next update", second);
      });
    throw failure;
  }
  await removeContainer(record);
}

async function empty(input: SeedInput): Promise<void> {
  const name = nameFor(input, "-empty");
  const mount = { Type: "volume", Source: input.volume, Target: FOLDER } as const;
  const spec = shellSpec(marksOf(input), IMAGES.base, [mount], `find ${FOLDER} -mindepth 1 -delete`);
  await runToItsEnd(name, spec, `volume ${input.volume} could not be emptied`);
  await removeContainer(name);
}

if (process.env["BERTH_INPUT"]) void runStep(main);
