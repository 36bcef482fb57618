/** Removes what a job that was cut off has left. Pulumi's records of stacks name this file: it keeps its name and its variables. */
import { listContainers, removeContainer } from "../engine/containers.ts";
import { isOf, ownedBy } from "../release/labels.ts";
import { runStep } from "./step.ts";
import { together } from "./together.ts";

const { PROJECT: project = "", STACK: stack = "", APP: app, JOB } = process.env;
const owner = { project, stack, app };

void runStep(async () => {
  const jobs = await listContainers(ownedBy(owner, `berth.job=${JOB}`), { all: true });
  await together(jobs.filter(isOf(owner)), ({ Id }) => removeContainer(Id));
});
