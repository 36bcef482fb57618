/** Volumes that must be there, and data that must not be lost sight of: asked of the engine before anything is declared. */
import { existsSync } from "node:fs";
import type { Release } from "../release/ledger.ts";
import { partIs, LABEL, ownedBy, type Owner } from "../release/labels.ts";
import { findVolume, listVolumes } from "../engine/volumes.ts";
import type { Settings, VolumeSettings } from "../settings/settings.ts";

/** One line for each problem. @param live the release that is live */
export async function findVolumeProblems(owner: Owner, settings: Settings, release: Release, live: Release | undefined): Promise<string[]> {
  const { volumes } = release.settings;
  const answers = await Promise.all([
    ...volumes.map((volume, index) => findMissing(volume, index)),
    ...(settings.release ? [] : renamedVolumes(live?.settings.volumes ?? [], volumes).map((renamed) => explainRename(owner, renamed))),
  ]);
  return [...answers.filter((problem) => problem !== undefined), ...findMissingSeeds(settings)];
}

/** The engine would make an empty volume of a name that it does not know. */
async function findMissing({ existing }: VolumeSettings, index: number): Promise<string | undefined> {
  if (existing === undefined) return undefined;
  const key = `berth:volumes[${index}].existing is ${existing}`;
  const volume = await findVolume(existing);
  if (volume === undefined) return `${key}, which is no volume on the engine: see docker volume ls, or leave it out and Berth makes one`;
  const part = volume.Labels?.[LABEL.part] ?? "data";
  return part === "data" ? undefined : `${key}, which Berth itself uses for its ${part}: name another one`;
}

interface Renamed {
  readonly index: number;
  readonly was: VolumeSettings;
  readonly is: VolumeSettings;
}

/** Volumes that would take another's place, and hide its data. Pure. */
export const renamedVolumes = (live: readonly VolumeSettings[], next: readonly VolumeSettings[]): Renamed[] =>
  next.flatMap((is, index) => {
    const was = live.find(({ target }) => target === is.target);
    return was &&
      is.existing === undefined &&
      (was.existing !== undefined || was.name !== is.name) &&
      !next.some(({ name }) => name === was.name && was.existing === undefined)
      ? [{ index, was, is }]
      : [];
  });

async function explainRename(owner: Owner, { index, was, is }: Renamed): Promise<string> {
  // Not one that a restore has kept
  const labelled = () => listVolumes({ ...ownedBy(owner, partIs("data"), `${LABEL.volume}=${was.name}`), dangling: ["false"] });
  const engine = was.existing ?? (await labelled())[0]?.Name ?? "<volume>";
  return `berth:volumes[${index}].name is ${is.name}, but the data at ${is.target} are in ${was.existing ? `the volume ${was.existing}` : `volume ${was.name}`}, and the app would begin without them: to keep them under the new name, pulumi config set --path 'berth:volumes[${index}].existing' ${engine}; to begin anew, take the entry out, run the update, and put it in again`;
}

const findMissingSeeds = ({ seeds }: Settings): string[] =>
  Object.entries(seeds).flatMap(([name, seed]) =>
    typeof seed === "string" && !existsSync(seed)
      ? [`the seed of volume ${name} is ${seed}, which does not exist: make the folder, or leave the seed out`]
      : [],
  );
