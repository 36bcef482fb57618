/** Removes the images of this stack that no kept release needs; never anything else. */
import { EngineError } from "../docker/engineError.ts";
import { listImages, removeImage, tagsOf } from "../engine/images.ts";
import { ownedBy, type Owner } from "../release/labels.ts";
import { dropSnapshots } from "./snapshot.ts";
import { readInput, runStep } from "./step.ts";

export interface PruneInput {
  readonly owner: Owner;
  /** Repository of the stack's images: another tag on one of them is somebody else's. */
  readonly repository: string;
  /** Images to keep, by name and tag. */
  readonly keep: readonly string[];
  /** Replicas of the live release: others than last time show that something was released, or failed to be, and an image may be over. */
  readonly replicas: readonly string[];
  /** The live release, where releases have copies of the data: those of all others go. */
  readonly live: string | null;
}

/** The images to remove, each once. Pure. */
export const surplus = (images: readonly string[], repository: string, keep: readonly string[]): string[] =>
  [...new Set(images)].filter((image) => image.startsWith(`${repository}:`) && !keep.includes(image));

async function main(): Promise<void> {
  const { owner, repository, keep, live } = readInput<PruneInput>();
  const images = tagsOf(await listImages({ ...ownedBy(owner), reference: [repository] }));
  for (const image of surplus(images, repository, keep)) {
    try {
      if (await removeImage(image)) console.log(`removed image ${image}`);
    } catch (error) {
      // A failed release's image is in use until its containers go, at the end of this update: the next one removes it.
      if (!(error instanceof EngineError && error.status === 409)) throw error;
      console.log(`left image ${image}: ${error.words}`);
    }
  }
  if (live !== null) await dropSnapshots(owner, live);
}

if (process.env["BERTH_INPUT"]) void runStep(main);
