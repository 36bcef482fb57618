/** Images: found and removed. */
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
