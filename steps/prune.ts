/** Removes the images of this stack that no kept release needs; never anything else. */
import { ownedBy, type Owner } from "../components/owner.ts";
import { docker, readInput, runStep, tryDocker } from "./engine.ts";

export interface PruneInput {
  readonly owner: Owner;
  /** Ids of the images to keep. */
  readonly keep: readonly string[];
}

/** The images to remove, each once. Pure. */
export const surplus = (images: readonly string[], keep: readonly string[]): string[] =>
  [...new Set(images)].filter((image) => image !== "" && !keep.includes(image));

async function main(): Promise<void> {
  const { owner, keep } = readInput<PruneInput>();
  const images = await docker(["image", "ls", "--no-trunc", "--quiet", ...ownedBy(owner)]);
  for (const image of surplus(images.split("\n"), keep)) {
    const { code, stderr } = await tryDocker(["image", "rm", image]);
    // A failed release's image is in use until its containers go, at the end of this update: the next one removes it.
    console.log(code === 0 ? `removed image ${image.slice(7, 19)}` : `left image ${image.slice(7, 19)}: ${stderr.trim()}`);
  }
}

if (process.env["BERTH_INPUT"]) void runStep(main);
