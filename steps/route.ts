/** Switches the gateway to a release, drains the old one, proves the new one, and sets maintenance on or off. */
import { text } from "node:stream/consumers";
import { EngineError } from "../docker/engineError.ts";
import { listContainers, nameOf, removeContainer, unpauseContainer } from "../engine/containers.ts";
import { copyInto } from "../engine/files.ts";
import { tellGateway } from "../engine/gateway.ts";
import { readInput, runStep } from "./step.ts";
import { switchOver } from "./prove.ts";
import { CERTIFICATE, KEY, maintenanceWords, TLS_FOLDER } from "../engine/gatewayWords.ts";
import type { RouteInput } from "./switch.ts";
import { partIs, isOf, ownedBy } from "../release/labels.ts";
import { ANSWERING } from "./probe.ts";
import { together } from "./together.ts";

async function main(): Promise<void> {
  const input = readInput<RouteInput>();
  if (input.tls === "own") {
    const { certificate, key } = JSON.parse(await text(process.stdin)) as { certificate: string; key: string };
    await copyInto(input.gateway, TLS_FOLDER, [
      { name: CERTIFICATE, content: certificate, mode: 0o444 },
      { name: KEY, content: key, mode: 0o444 }, // only the gateway sees this volume
    ]);
  }
  await unpause(input);
  await switchOver(input);
  await tellGateway(input.gateway, maintenanceWords(input), { deadline: input.drain + ANSWERING });
  await removeJobs(input);
  console.log(`release ${input.release} is live on ${input.targets.length} ${input.targets.length === 1 ? "replica" : "replicas"}`);
}

/** Requests that wait in a replica which somebody has paused would be cut off at the end of the drain. */
async function unpause({ owner }: RouteInput): Promise<void> {
  const paused = await listContainers({ ...ownedBy(owner, partIs("web")), status: ["paused"] });
  await together(paused.filter(isOf(owner)).map(nameOf), (name) =>
    unpauseContainer(name).catch((error: unknown) => {
      const gone = error instanceof EngineError && (error.status === 404 || /is not paused/.test(error.words)); // somebody was quicker
      if (!gone) throw error;
    }),
  );
}

/** A job that has come to its end is kept until its release is live: an update that is cut off must not begin it again. */
async function removeJobs({ owner, jobs }: RouteInput): Promise<void> {
  if (!jobs) return;
  const ended = await listContainers({ ...ownedBy(owner, partIs("job")), status: ["exited"] }, { all: true });
  await together(ended.filter(isOf(owner)), ({ Id }) => removeContainer(Id));
}

if (process.env["BERTH_INPUT"]) void runStep(main);
