/** Removes all images of a stack. Pulumi's records of stacks name this file: it keeps its name and its variables. */
import { listImages, removeImage, tagsOf } from "../engine/images.ts";
import { ownedBy } from "../release/labels.ts";
import { runStep } from "./step.ts";

const { PROJECT: project = "", STACK: stack = "", APP: app, REPOSITORY: repository = "" } = process.env;

void runStep(async () => {
  const tags = tagsOf(await listImages({ ...ownedBy({ project, stack, app }), reference: [repository] }));
  // Another name on one of them is somebody else's.
  for (const tag of tags.filter((name) => name.startsWith(`${repository}:`))) await removeImage(tag, { force: true });
});
