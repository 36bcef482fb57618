/** What the images of releases are called. Pure. */
import { type Owner, stem } from "./labels.ts";

/** Hash of what a release's image was built from, out of its name; also the image's tag. */
export const contentOf = (release: string): string => release.split("-")[0] ?? release;

/** The repository of an app's images. */
export const repository = (owner: Owner): string => stem(owner).toLowerCase();

/** Name and tag of a release's image: releases of the same content have one. */
export const imageName = (owner: Owner, release: string): string => `${repository(owner)}:${contentOf(release)}`;
