/** Images: found and removed. */
import { imageName } from "../release/imageName.ts";
import type { Owner } from "../release/labels.ts";
import type { Release } from "../release/ledger.ts";
import { engine } from "./engine.ts";
import type { Filters } from "./containers.ts";

export interface Image {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly Created: string;
  /** Bytes. */
  readonly Size: number;
  readonly Config?: { readonly Labels?: Readonly<Record<string, string>> | null; readonly User?: string };
}

export interface ListedImage {
  readonly Id: string;
  /** Names and tags; "<none>:<none>" is none. */
  readonly RepoTags: readonly string[] | null;
  readonly Labels: Readonly<Record<string, string>> | null;
  /** Bytes. */
  readonly Size: number;
}

/** The image; undefined where there is none of that name or id. @throws EngineError */
export const findImage = (name: string): Promise<Image | undefined> =>
  engine().askIfThere<Image>({ path: `/images/${name}/json`, what: `image ${name}` });

/**
 * The image of a release that was live. An engine with containerd's store (Docker 29 and later) forgets an image whose name another build
 * of the same has taken: that one is as good, for the name tells what an image was built from. @throws EngineError
 */
export const findReleaseImage = async (owner: Owner, { name, image }: Pick<Release, "name" | "image">): Promise<Image | undefined> =>
  image ? ((await findImage(image)) ?? (await findImage(imageName(owner, name)))) : undefined;

/** @throws EngineError */
export const listImages = (filters: Filters): Promise<ListedImage[]> =>
  engine().ask<ListedImage[]>({ path: "/images/json", query: { filters }, what: "a list of images" });

/** Names and tags of a list of images, each once. Pure. */
export const tagsOf = (images: readonly Pick<ListedImage, "RepoTags">[]): string[] =>
  [...new Set(images.flatMap(({ RepoTags }) => RepoTags ?? []))].filter((tag) => !tag.includes("<none>"));

/**
 * Removes a name, and the image where it was its last one. Returns whether there was one.
 * @throws EngineError, with status 409 where a container has it
 */
export const removeImage = (name: string, { force = false } = {}): Promise<boolean> =>
  engine().askWhether({ method: "DELETE", path: `/images/${name}`, query: { force }, what: `to remove image ${name}` }, { seconds: 60 });
