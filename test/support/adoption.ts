/** What a stack has on the engine, and a preview that would make it all, in the least form that `npm run adopt` works on. */
import type { Preview, Resource } from "../../commands/adopt/resources.ts";
import type { ContainerThing, Thing, Things } from "../../commands/adopt/things.ts";
import { UNKNOWN } from "../../stack/events.ts";

const NAMES: Readonly<Record<string, string>> = {
  Container: "docker:index/container:Container",
  Network: "docker:index/network:Network",
  Volume: "docker:index/volume:Volume",
  RemoteImage: "docker:index/remoteImage:RemoteImage",
  Command: "command:local:Command",
};

export const urn = (type: string, name: string): string => `urn:pulumi:dev::berth::berth:index:WebApp$${NAMES[type] ?? type}::${name}`;

/** A provider as a preview names it: its id is not known yet. */
export const provider = (name: string): string => `urn:pulumi:dev::berth::pulumi:providers:${name}::default`;

type Parts = Partial<Omit<Resource, "type" | "inputs">>;

export const declared = (
  type: string,
  name: string,
  inputs: Record<string, unknown>,
  parts: Parts = {},
): Resource & { readonly inputs: Record<string, unknown> } => ({
  urn: urn(type, name),
  type: NAMES[type] ?? type,
  custom: true,
  inputs,
  provider: `${provider(type === "Command" ? "command" : "docker")}::${UNKNOWN}`,
  ...parts,
});

/** A preview that would create these. */
export const preview = (...resources: readonly Resource[]): Preview => ({
  steps: resources.map((newState) => ({ op: "create", urn: newState.urn, newState })),
  plan: Object.fromEntries(
    ["docker", "command"].map((name) => [
      provider(name),
      { goal: { inputDiff: { adds: { version: "1.0.0" } } }, state: { version: "1.0.0" } },
    ]),
  ),
});

export const container = (name: string, labels: Thing["labels"], parts: Partial<ContainerThing> = {}): ContainerThing => ({
  id: `id-${name}`,
  name,
  labels,
  serves: true,
  image: "sha256:aaaa",
  created: "2026-11-28T10:00:00Z",
  volumes: {},
  ...parts,
});

export const things = (parts: Partial<Things>): Things => ({ containers: [], networks: [], volumes: [], images: {}, ...parts });
export const thing = (name: string, labels: Thing["labels"] = {}, serves = true): Thing => ({ id: `id-${name}`, name, labels, serves });

/** Labels in the form that containers, networks and volumes declare them. */
export const labelled = (labels: Thing["labels"]) => ({ labels: Object.entries(labels).map(([label, value]) => ({ label, value })) });
