/** Containers in which nothing of the app runs, for what is on a volume. */
import { type ContainerSpec, createContainer, removeContainer } from "../engine/containers.ts";
import { withRepair } from "./step.ts";

/**
 * Works with a container that is never started: the image may have no program but the app. It is removed in the end, also after a failure.
 * @param name one that was cut off is replaced. Default: the engine's choice
 */
export async function withHelper<T>(spec: ContainerSpec, work: (container: string) => Promise<T>, name?: string): Promise<T> {
  if (name !== undefined) await removeContainer(name);
  const container = await createContainer(spec, name);
  let result: T;
  try {
    result = await work(container);
  } catch (error) {
    await removeContainer(container).catch((second: unknown) => {
      throw withRepair(error, `A container is left behind, docker rm ${container}`, second);
    });
    throw error;
  }
  await removeContainer(container);
  return result;
}

/** Where a helper has a volume. */
export interface Mounted {
  readonly volume: string;
  readonly folder: string;
}

/** A helper's description: it reaches nobody. */
export const helperSpec = (labels: ContainerSpec["Labels"], image: string, mounted?: Mounted): ContainerSpec => ({
  Image: image,
  Labels: labels,
  Cmd: ["never-started"],
  HostConfig: { NetworkMode: "none", ...(mounted && { Mounts: [{ Type: "volume", Source: mounted.volume, Target: mounted.folder }] }) },
});
