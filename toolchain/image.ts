import { existsSync } from "node:fs";
import { entryFolder, makeEntry } from "./cache.ts";
import { findImage, pullImage } from "./docker.ts";
import { siteObstacle } from "./download.ts";
import { BUILT_LABEL, KEY_LABEL, loadImage } from "./imageArchive.ts";
import type { Machine } from "./machine.ts";
import type { Need, Report } from "./need.ts";

/** An image that can be pulled or built from packages. */
export interface ProvidedImage {
  readonly name: string;
  readonly tag: string;
  /** How the image is built from packages, in a few words. */
  readonly from: string;
  readonly typicalSeconds: number;
  /** Why it cannot be built on this machine, or undefined where it can. */
  obstacle(): Promise<string | undefined>;
  /** Names everything that decides what the built image is. */
  key(): Promise<string>;
  /** Makes image.tar in an empty folder; the image carries the labels it is given. */
  build(folder: string, labels: Readonly<Record<string, string>>, report: Report): Promise<void>;
}

/** The need for an image in the engine at `host`. */
export function imageNeed(machine: Machine, image: ProvidedImage, host: string): Need {
  return {
    name: image.name,
    wanted: image.tag,
    within: "engine",
    byHand: `Run: docker pull ${image.tag}`,
    look: async () => {
      const found = await findImage(host, image.tag);
      if (found === undefined) return undefined;
      const key = found.labels[KEY_LABEL];
      // One that was built here from something else is replaced; any other is the user's own.
      if (key !== undefined && key !== (await image.key())) return undefined;
      const from = found.labels[BUILT_LABEL] === undefined ? "already in the engine" : image.from;
      return { version: image.tag.replace(/^.*:/, ""), place: found.id.slice(0, 19), from };
    },
    sources: [
      {
        from: "official download",
        typicalSeconds: 30,
        obstacle: () => siteObstacle(machine.sites.images),
        get: (report) => pullImage(host, image.tag, report),
      },
      {
        from: image.from,
        typicalSeconds: image.typicalSeconds,
        obstacle: async () => ((await isCached(machine, image)) ? undefined : image.obstacle()),
        get: async (report) => {
          const key = await image.key();
          const labels = { [BUILT_LABEL]: "from-packages", [KEY_LABEL]: key };
          const folder = await makeEntry(
            machine.cache,
            entryName(image),
            key,
            (unfinished) => image.build(unfinished, labels, report),
            () => report("waiting for another run that builds it"),
          );
          report("loading it into the engine");
          await loadImage(host, folder);
        },
      },
    ],
  };
}

async function isCached(machine: Machine, image: ProvidedImage): Promise<boolean> {
  return existsSync(entryFolder(machine.cache, entryName(image), await image.key()));
}

function entryName(image: ProvidedImage): string {
  return image.name.replaceAll(" ", "-");
}
