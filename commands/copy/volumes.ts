/** The stack's data volumes, by the words of the configuration. */
import { partIs, LABEL, ownedBy, type Owner } from "../../release/labels.ts";
import { listVolumes } from "../../engine/volumes.ts";
import type { Outputs } from "../../stack/stack.ts";
import type { KnownVolume } from "./places.ts";

/** Those that the live release mounts, and those that have left it and are still on the engine. */
export async function findVolumes(
  owner: Owner,
  outputs: Pick<Outputs, "volumes" | "release" | "releases"> | undefined,
): Promise<KnownVolume[]> {
  const found = await listVolumes(ownedBy(owner, partIs("data")));
  const labelled = found.map(({ Name, Labels }): [string, string] => [Labels?.[LABEL.volume] ?? "", Name]);
  const settings = outputs?.releases.find(({ name }) => name === outputs.release)?.settings.volumes ?? [];
  const mounted = settings.flatMap(({ name, target }) => {
    const served = outputs?.volumes.filter((volume) => volume.target === target) ?? [];
    return served.map((volume): [string, string] => [name, volume.name]);
  });
  // A restore keeps the volume of before under the same name
  const kept = labelled.filter(([name]) => !mounted.some(([other]) => other === name));
  const all = new Map([...kept, ...mounted].map(([name, engine]) => [engine, name]));
  return [...all].map(([engine, name]) => ({ name, engine })).sort((a, b) => a.name.localeCompare(b.name));
}
