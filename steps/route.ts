/** Switches the gateway to a release, drains the old one, proves the new one, and sets maintenance on or off. */
import { text } from "node:stream/consumers";
import { copyInto } from "../engine/copy.ts";
import { docker, tryDocker } from "../engine/docker.ts";
import { tellGateway } from "../engine/gateway.ts";
import { readInput, runStep } from "./step.ts";
import { switchOver } from "./prove.ts";
import { CERTIFICATE, KEY, maintenanceWords, TLS_FOLDER } from "../engine/gatewayWords.ts";
import type { RouteInput } from "./switch.ts";
import { ownedBy } from "../engine/labels.ts";

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
  await tellGateway(input.gateway, maintenanceWords(input));
  await removeJobs(input);
  console.log(`release ${input.release} is live on ${input.targets.length} ${input.targets.length === 1 ? "replica" : "replicas"}`);
}

/** Requests that wait in a replica which somebody has paused would be cut off at the end of the drain. */
async function unpause({ owner }: RouteInput): Promise<void> {
  const { stdout } = await tryDocker(["ps", "--quiet", ...ownedBy(owner), "--filter", "label=berth.part=web", "--filter", "status=paused"]);
  const paused = stdout.trim();
  if (paused !== "") await tryDocker(["unpause", ...paused.split("\n")]);
}

/** A job that has come to its end is kept until its release is live: an update that is cut off must not begin it again. */
async function removeJobs({ owner, jobs }: RouteInput): Promise<void> {
  if (!jobs) return;
  const ended = await docker(["ps", "--all", "--quiet", ...ownedBy(owner), "--filter", "label=berth.part=job", "--filter", "status=exited"]);
  if (ended !== "") await docker(["rm", ...ended.split("\n")]);
}

if (process.env["BERTH_INPUT"]) void runStep(main);
