/** Removes the volume that a step has made and printed the name of. Pulumi's records of stacks name this file: it keeps its name. */
import { removeVolume } from "../engine/volumes.ts";
import { runStep } from "./step.ts";

const volume = process.env["PULUMI_COMMAND_STDOUT"];

void runStep(async () => {
  if (volume) await removeVolume(volume);
});
