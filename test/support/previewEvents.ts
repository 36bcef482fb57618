/** The event log of a preview, as Pulumi writes it: for the tests of what reads one. */
import type { EngineEvent, ResourceState } from "../../stack/events.ts";
import type { Release } from "../../release/ledger.ts";

type Inputs = Readonly<Record<string, unknown>>;
type Strategy = Release["settings"]["strategy"];

const STACK = "urn:pulumi:dev::berth::pulumi:pulumi:Stack::berth-dev";
const state = (inputs: Inputs | undefined, outputs: Inputs = {}): ResourceState | null => (inputs ? { inputs, outputs } : null);

/** One operation on a resource of a Berth component ("Canary$Replicas": one inside another); `before` and `after` are its inputs. */
export function step(
  op: string,
  part: string,
  type: string,
  name: string,
  { before, after, said }: { before?: Inputs; after?: Inputs; said?: Inputs } = {},
): EngineEvent {
  const urn = `urn:pulumi:dev::berth::berth:index:WebApp$${part
    .split("$")
    .map((component) => `berth:index:${component}`)
    .join("$")}$${type}::berth-dev-${name}`;
  return { resourcePreEvent: { metadata: { op, urn, type, old: state(before, said), new: state(after) }, planning: true } };
}

/** The end of a preview, with the stack's outputs before and after. */
export const outputs = (now: Inputs, then: Inputs): EngineEvent => ({
  resOutputsEvent: { metadata: { op: "same", urn: STACK, type: "pulumi:pulumi:Stack", old: state({}, now), new: state({}, then) } },
});

export const configured = (config: Readonly<Record<string, string>>): EngineEvent => ({ preludeEvent: { config } });

/** A release of the ledger with these settings. */
export const entry = (name: string, strategy: Strategy = "blue-green"): Release =>
  ({ name, image: `sha256:${name}`, settings: { strategy }, secrets: {}, time: "" }) as unknown as Release;

/** Outputs of a stack on which the first of these releases is live. */
export const live = (...releases: readonly Release[]): Inputs => ({ release: releases[0]?.name, releases });

export const CONTAINER = "docker:index/container:Container";
export const COMMAND = "command:local:Command";
export const IMAGE = "docker:index/remoteImage:RemoteImage";
export const VOLUME = "docker:index/volume:Volume";

/** Inputs of a command that runs a step. */
export const told = (input: object): Inputs => ({ environment: { BERTH_INPUT: JSON.stringify(input) } });

/** What a preview names for one changed byte in the app: release a is live, b takes its place. */
export function oneChangedByte({ memory = 512, strategy = "blue-green" }: { memory?: number; strategy?: Strategy } = {}): EngineEvent[] {
  const web = (release: string) => ({
    memory,
    labels: [
      { label: "berth.part", value: "web" },
      { label: "berth.release", value: release },
    ],
  });
  const gate = told({ health: { deadline: 60 }, exclusive: strategy === "recreate", migration: null });
  return [
    step("same", "DataVolume", VOLUME, "data-volume", { before: volume("data"), after: volume("data") }),
    step("create-replacement", "AppImage", IMAGE, "image-build", { before: { name: "berth-dev:a" }, after: { name: "berth-dev:b" } }),
    step("replace", "AppImage", IMAGE, "image-build", { before: { name: "berth-dev:a" }, after: { name: "berth-dev:b" } }),
    ...["web-1", "web-2"].map((name) => step("create-replacement", "Replicas", CONTAINER, name, { before: web("a"), after: web("b") })),
    step("update", "Replicas", COMMAND, "web-pids"),
    step("update", "HealthGate", COMMAND, "gate-probe", {
      before: gate,
      after: gate,
      said: { stdout: "release a: 2 of 2 healthy after 1.2 s" },
    }),
    step("update", "Route", COMMAND, "route-switch", { after: told({ drain: 30, maintenance: null, bake: null, smokeTest: null }) }),
    step("update", "Prune", COMMAND, "prune-images"),
    ...["web-2", "web-1"].map((name) => step("delete-replaced", "Replicas", CONTAINER, name, { before: web("a") })),
    step("delete-replaced", "AppImage", IMAGE, "image-build", { before: { name: "berth-dev:a" } }),
    outputs(live(entry("a", strategy)), live(entry("b", strategy), entry("a", strategy))),
  ];
}

export const volume = (name: string): Inputs => ({
  labels: [
    { label: "berth.part", value: "data" },
    { label: "berth.volume", value: name },
  ],
});
