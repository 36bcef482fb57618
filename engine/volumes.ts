/** Volumes: made, found and removed. */
import { engine } from "./engine.ts";
import type { Filters } from "./containers.ts";

export interface Volume {
  readonly Name: string;
  readonly Driver: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly CreatedAt?: string;
  readonly Mountpoint: string;
}

/** @throws EngineError */
export async function listVolumes(filters: Filters): Promise<Volume[]> {
  const { Volumes } = await engine().ask<{ Volumes: Volume[] | null }>({ path: "/volumes", query: { filters }, what: "a list of volumes" });
  return Volumes ?? [];
}

/** The volume; undefined where there is none of that name. @throws EngineError */
export const findVolume = (name: string): Promise<Volume | undefined> =>
  engine().askIfThere<Volume>({ path: `/volumes/${encodeURIComponent(name)}`, what: `volume ${name}` });

/** Makes a volume; without effect where one of that name is there. @throws EngineError */
export const createVolume = (name: string, labels: Readonly<Record<string, string>>): Promise<Volume> =>
  engine().ask<Volume>({ method: "POST", path: "/volumes/create", body: { Name: name, Labels: labels }, what: `a new volume ${name}` });

/** Returns whether there was one. @throws EngineError, with status 409 where a container has it */
export const removeVolume = (name: string): Promise<boolean> =>
  engine().askWhether(
    { method: "DELETE", path: `/volumes/${encodeURIComponent(name)}`, what: `to remove volume ${name}` },
    { seconds: 60 },
  );
