/** Removes what a job that was cut off has left. Pulumi's records of stacks name this file: it keeps its name and its variables. */
import { listContainers, removeContainer } from "../engine/containers.ts";
import { ownedBy } from "../engine/labels.ts";
import { runStep } from "./step.ts";
import { together } from "./together.ts";

const { PROJECT: project = "", STACK: stack = "", JOB } = process.env;

void runStep(async () => {
  const jobs = await listContainers(ownedBy({ project, stack }, `berth.job=${JOB}`), { all: true });
  await together(jobs, ({ Id }) => removeContainer(Id));
});
