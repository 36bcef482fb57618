/** What a stack has on the engine, removed by kind. */
import { removeContainer } from "./containers.ts";
import { removeImage } from "./images.ts";
import { removeNetwork } from "./networks.ts";
import { removeVolume } from "./volumes.ts";

export type Kind = "container" | "network" | "volume" | "image";

const REMOVE: Readonly<Record<Kind, (name: string) => Promise<boolean>>> = {
  container: removeContainer,
  network: removeNetwork,
  volume: removeVolume,
  image: (name) => removeImage(name),
};

/** Removes a thing; one that is gone already is fine. @throws EngineError where something uses it, or the engine does not answer */
export async function removeThing(kind: Kind, name: string): Promise<void> {
  await REMOVE[kind](name);
}
