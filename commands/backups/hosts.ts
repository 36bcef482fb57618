/** What a workspace calls its host: a name that no other one ever has, by which a lock of restic tells whether anybody holds it. */
import { createHash, randomBytes } from "node:crypto";
import type { Info } from "../../engine/engine.ts";
import { listContainers } from "../../engine/containers.ts";
import { HOST_LABEL } from "./workspaceSpec.ts";

/** What the host names of this engine's workspaces begin with. Pure. */
export const hostPrefix = ({ ID, Name }: Pick<Info, "ID" | "Name">): string =>
  `berth-${createHash("sha256").update(`${ID}\n${Name}`).digest("hex").slice(0, 12)}-`;

/** A new host name, on the engine that has said this of itself. */
export const newHost = (info: Pick<Info, "ID" | "Name">): string => hostPrefix(info) + randomBytes(6).toString("hex");

/** Host names of the workspaces that are there. @throws EngineError */
export async function hostsThere(): Promise<ReadonlySet<string>> {
  const containers = await listContainers({ label: [HOST_LABEL] }, { all: true });
  return new Set(containers.filter(({ State }) => !["exited", "dead"].includes(State)).map(({ Labels }) => Labels[HOST_LABEL] ?? ""));
}
