/** The steps of an update in words, in their order. Pure. */
import { type Changes, labelOf, type Operation, stepInput } from "./operations.ts";
import { LABEL } from "../../release/labels.ts";

/** One step, for people and for machines. */
export interface ReleaseStep {
  readonly words: string;
  /** Names of the resources that it makes, changes or removes. */
  readonly resources: readonly string[];
}

/** What is read of the input of `steps/gate.ts`. */
export interface GateSaid {
  readonly health: { readonly deadline: number };
  readonly exclusive: boolean;
  readonly migration: object | null;
}

/** What is read of the input of `steps/route.ts`. */
export interface RouteSaid {
  readonly drain: number;
  readonly maintenance: string | null;
  readonly bake: { readonly duration: number } | null;
  readonly smokeTest: object | null;
  readonly canary: { readonly limits: { readonly duration: number } } | null;
}

/** What operations of one kind do together, among all. */
type Describe = (operations: readonly Operation[], changes: Changes) => string;

/** Operations with the same words are one step, in the place of the first of them. */
export function releaseSteps(changes: Changes): ReleaseStep[] {
  const { operations } = changes;
  const groups = new Map<Describe, Operation[]>();
  for (const operation of operations) {
    const describe = describerOf(operation, operations);
    if (describe) groups.set(describe, [...(groups.get(describe) ?? []), operation]);
  }
  return [...groups].map(([describe, group]) => ({ words: describe(group, changes), resources: group.map(({ name }) => name) }));
}

/** How an operation is told; undefined for what belongs to another one. */
function describerOf(operation: Operation, all: readonly Operation[]): Describe | undefined {
  const { part, kind, action, canary } = operation;
  if (kind === "Container" && part === "Replicas") return (canary ? CANARY : isWorker(operation) ? WORKERS : WEB)[action];
  if (part === "Gateway") return has(all, "Gateway") ? GATEWAY : other(operation);
  if (part === "Accessory") return kind === "Container" ? ACCESSORY : has(all, "Accessory") ? undefined : other(operation);
  // Its release's image stays until Prune takes it
  if (part === "AppImage") return kind === "RemoteImage" && action !== "delete" ? IMAGE : undefined;
  if (part === "Replicas" && has(all, "Replicas")) return undefined; // their limit of processes
  if (part === "HealthGate" && action === "delete") return undefined; // it goes with its replicas
  if (part === "StackRecord") return undefined; // a copy of what the stack's outputs say
  return (canary ? PARTS[`Canary ${part}`] : undefined) ?? PARTS[`${part} ${action}`] ?? PARTS[part] ?? other(operation);
}

const has = (all: readonly Operation[], wanted: string): boolean => all.some(({ part, kind }) => part === wanted && kind === "Container");

const isWorker = ({ before, after }: Operation): boolean => [before, after].some((inputs) => labelOf(inputs, LABEL.part) === "worker");

const count = (operations: readonly Operation[], adjective: string, noun: string) =>
  `${operations.length} ${adjective}${noun}${operations.length === 1 ? "" : "s"}`;

const containers = (noun: string): Record<Operation["action"], Describe> => ({
  create: (all) => `create ${count(all, "new ", noun)}`,
  update: (all) => `change ${count(all, "", noun)} in place`,
  delete: (all) => `delete ${count(all, "old ", noun)}`,
});
const WEB = containers("replica");
const WORKERS = containers("worker");
const CANARY = containers("canary replica");

const IMAGE: Describe = ([image]) => `build the image ${String(image?.after["name"])}`;

const GATEWAY: Describe = (all) => {
  const made = all.filter(({ kind, action }) => kind === "Container" && action !== "delete");
  const ports = made
    .flatMap(({ after }) => (after["ports"] ?? []) as { ip: string; external: number }[])
    .map(({ ip, external }) => `${ip}:${external}`);
  if (made.length === 0) return "delete the gateway";
  return `${all.some(({ kind, action }) => kind === "Container" && action === "delete") ? "replace" : made.some(({ action }) => action === "create") ? "create" : "change"} the gateway, which publishes ${ports.join(" and ")}`;
};

const ACCESSORY: Describe = (all) => {
  const names = (wanted: (operation: Operation) => boolean) =>
    [
      ...new Set(all.filter(wanted).map(({ before, after }) => labelOf(after, "berth.accessory") ?? labelOf(before, "berth.accessory"))),
    ].join(" and ");
  const [started, again, gone] = [
    names(({ action, replacing }) => action === "create" && !replacing),
    names(({ replacing }) => replacing),
    names(({ action, replacing }) => action === "delete" && !replacing),
  ];
  const changed = names(({ action }) => action === "update");
  return [
    ...(started ? [`start the accessory ${started}, and wait until it serves`] : []),
    ...(again ? [`stop the accessory ${again}, start it anew, and wait until it serves`] : []),
    ...(changed ? [`change the accessory ${changed} in place`] : []),
    ...(gone ? [`delete the accessory ${gone}; its data stay`] : []),
  ].join(", ");
};

/** Words of the other parts, with the action where it matters. */
const PARTS: Readonly<Record<string, Describe>> = {
  "DataVolume create": (all) => `create ${count(all, "", "data volume")}`,
  StackKey: () => "make up the stack's key",
  "Seed create": (all) => `put the seed into ${count(all, "", "new volume")}`,
  "SecretFiles create": (all) =>
    `write the secrets of ${all.map(({ after }) => stepInput<{ process: string }>(after)?.process).join(", ")}`,
  "SecretFiles delete": () => "delete the files of old secrets",
  Job: ([job]) => `run the ${job?.name.split("-").slice(2, -1).join(" ") ?? "job"} once`,
  HealthGate: ([gate], changes) =>
    `gate: ${gateWords("all replicas are", { ...settingsOf(changes), ...(gate && stepInput<GateSaid>(gate.after)) })}`,
  "Canary HealthGate": ([gate]) => `gate of the canary: ${gateWords("it is", (gate && stepInput<GateSaid>(gate.after)) ?? {})}`,
  Route: ([route], changes) => {
    const input: Partial<RouteSaid> = { ...settingsOf(changes), ...(route && stepInput<RouteSaid>(route.after)) };
    const released = changes.operations.some(({ part, kind, canary }) => part === "Replicas" && kind === "Container" && !canary);
    const drain = input.drain === undefined ? "" : `, drain: open requests get up to ${input.drain} s`;
    return [
      released ? `switch the traffic${drain}` : "tell the gateway what to send where",
      ...(released && input.bake ? [`watch it for ${input.bake.duration} s`] : []),
      ...(input.canary ? [`watch the canary${input.canary.limits.duration > 0 ? ` for ${input.canary.limits.duration} s` : ""}`] : []),
      ...(released && input.smokeTest ? ["run the smoke test"] : []),
    ].join(", ");
  },
  Prune: () => "remove images that no kept release needs",
};

/** What the input of a step would say, where a preview cannot know it as a whole: the release's own settings. */
function settingsOf({ then, config }: Changes): Partial<GateSaid & RouteSaid> {
  const settings = then.releases?.find(({ name }) => name === then.release)?.settings;
  if (!settings) return {};
  const exclusive = settings.strategy === "recreate";
  return {
    health: settings.health,
    drain: settings.drain,
    exclusive,
    migration: exclusive && config["berth:migration"] && !config["berth:release"] ? {} : null,
  };
}

function gateWords(who: string, { health, exclusive, migration }: Partial<GateSaid>): string {
  const wait = `wait until ${who} healthy${health ? ` (at most ${health.deadline} s)` : ""}`;
  return exclusive ? `let requests wait, stop the old ones, ${migration ? "run the migration, " : ""}start the new ones, ${wait}` : wait;
}

/** A describer of its own for each operation that has no words, so that nothing is left out. */
const other =
  ({ action, kind, name }: Operation): Describe =>
  () =>
    `${action} ${kind} ${name}`;
