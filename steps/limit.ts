/** Limits the processes of containers, for which the provider has no input. `stack/record.ts` reads the limit out of the same variables. */
import { updateContainer } from "../engine/containers.ts";
import { runStep } from "./step.ts";
import { together } from "./together.ts";

const { CONTAINERS = "", PIDS } = process.env;

void runStep(() => together(CONTAINERS.split(" ").filter(Boolean), (name) => updateContainer(name, { PidsLimit: Number(PIDS) })));
