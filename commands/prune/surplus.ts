/** What of a stack's things on the engine nobody needs any more. Pure. */
import { mayServe, orphansOf } from "../view/orphans.ts";
import type { Declared } from "../../stack/record.ts";
import type { Found } from "../../engine/found.ts";

export interface Surplus {
  readonly kind: "container" | "network" | "volume" | "image";
  readonly name: string;
  readonly why: string;
  /** Whether it holds data that are nowhere else. */
  readonly data: boolean;
}

export interface Facts {
  readonly declared: Declared;
  readonly found: Found;
  /** The stack's images: name with tag, and id. */
  readonly images: readonly { readonly name: string; readonly id: string }[];
  /** Volumes that no container refers to. */
  readonly unused: ReadonlySet<string>;
  /** The release whose migration each copy was made for. */
  readonly copiedFor: ReadonlyMap<string, string>;
  /** Releases that can be brought back, the live one and a canary among them. */
  readonly releases: readonly string[];
  readonly live: string | undefined;
}

/** In the order in which it has to go. */
export function surplusOf({ declared, found, images, unused, copiedFor, releases, live }: Facts): Surplus[] {
  const orphans = orphansOf(declared, found);
  const left = "an update that was cut off has left it";
  const known = new Set(declared.volumes.map(({ name }) => name));
  const serves = mayServe(declared, found);
  const helpers = found.containers.filter(({ part, state }) => part === "helper" && state !== "running").map(({ name }) => name);
  const volumes = found.volumes.filter(({ name }) => unused.has(name) && !known.has(name) && !orphans.volumes.includes(name));
  return [
    ...orphans.containers.filter((name) => !serves(name)).map((name) => ({ kind: "container" as const, name, why: left, data: false })),
    ...helpers.map((name) => ({ kind: "container" as const, name, why: "a copy that was cut off has left it", data: false })),
    ...orphans.networks.map((name) => ({ kind: "network" as const, name, why: left, data: false })),
    ...orphans.volumes.filter((name) => unused.has(name)).map((name) => ({ kind: "volume" as const, name, why: left, data: false })),
    ...volumes.flatMap(({ name, part }) => {
      const release = copiedFor.get(name) ?? "";
      if (part === "snapshot")
        return [
          {
            kind: "volume" as const,
            name,
            why: `the copy before the migration of release ${release}`,
            data: live === undefined || release === live,
          },
        ];
      return part === "data" ? [{ kind: "volume" as const, name, why: "data that the stack does not use any more", data: true }] : [];
    }),
    ...surplusImages(images, found, releases).map((name) => ({
      kind: "image" as const,
      name,
      why: "no release that can be brought back needs it",
      data: false,
    })),
  ];
}

/** An image that a container runs is needed as long as that is there, under one name at least. */
function surplusImages(images: Facts["images"], { containers }: Found, releases: readonly string[]): string[] {
  const contents = new Set(releases.map((release) => release.split("-")[0]));
  const kept = images.filter(({ name }) => contents.has(name.split(":").at(-1)));
  const running = new Set(containers.map(({ image }) => image));
  return images
    .filter((image) => !kept.includes(image) && (!running.has(image.id) || kept.some(({ id }) => id === image.id)))
    .map(({ name }) => name);
}
