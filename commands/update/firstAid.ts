/**
 * What can be put right at once, without a new container: before an update, so that people are served while it makes
 * the rest again. Pure.
 */
import { limitsThatDiffer } from "../view/driftRules.ts";
import type { Found } from "../../engine/found.ts";
import { type Route, targetsOf } from "../../release/route.ts";
import type { Declared, DeclaredContainer } from "../../stack/record.ts";

/** Something that is put right in a moment. */
export type Aid =
  | { readonly do: "start" | "unpause"; readonly name: string }
  | { readonly do: "make volume"; readonly name: string; readonly labels: Readonly<Record<string, string>> }
  | ({ readonly do: "set limits"; readonly name: string } & Pick<DeclaredContainer, "memory" | "cpus" | "pids">);

/** So long may a probe of the gateway take, in seconds: a replica that serves answers at once. */
const PROBE_DEADLINE = 5;

/** Unpauses, starts what nothing else can stand in for, makes lost volumes again, and sets limits back. Pure. */
export function aidsFor(declared: Declared, found: Found): Aid[] {
  if (!declared.route) return [];
  const known = declared.containers.flatMap((wanted) => {
    const is = found.containers.find(({ id }) => id === wanted.id);
    return is ? [{ wanted, is }] : [];
  });
  const nobodyServes = servingOf(declared, found).length === 0 && !isTwoWriters(declared, found);
  const volumes = declared.volumes.filter(({ name, part }) => part !== "secrets" && !found.volumes.some((volume) => volume.name === name));
  return [
    ...volumes.map(({ name, labels }): Aid => ({ do: "make volume", name, labels })),
    ...known.filter(({ is }) => is.state === "paused").map(({ is: { name } }): Aid => ({ do: "unpause", name })),
    ...known
      .filter(
        ({ wanted, is }) =>
          ["exited", "created"].includes(is.state) &&
          (wanted.part === "gateway" || wanted.part === "accessory" || (nobodyServes && isTarget(wanted, declared))),
      )
      .map(({ is: { name } }): Aid => ({ do: "start", name })),
    ...known
      .filter(({ wanted, is }) => limitsThatDiffer(wanted, is).length > 0)
      .map(({ wanted: { name, memory, cpus, pids } }): Aid => ({ do: "set limits", name, memory, cpus, pids })),
  ];
}

/** Whether a start could make a second writer of an app that allows one: a cut-off update has begun with the next release. */
const isTwoWriters = ({ route }: Declared, { containers }: Found): boolean =>
  route?.input.exclusive === true &&
  containers.some(({ name, part, state }) => part === "web" && state === "running" && !targetsOf(route.input).includes(name));

const isTarget = ({ name }: { name: string }, { route }: Declared): boolean => route !== undefined && targetsOf(route.input).includes(name);

/** The route's targets that can answer. */
const servingOf = ({ route }: Declared, found: Found): string[] =>
  (route ? targetsOf(route.input) : []).filter((target) => answers(target, found));

/** Whether it runs, is not unhealthy, and shares a network with the gateway. */
function answers(target: string, { containers }: Found): boolean {
  const networks = containers.filter(({ part }) => part === "gateway").flatMap((gateway) => gateway.networks);
  return containers.some(
    ({ name, state, health, networks: own }) =>
      name === target && state === "running" && health !== "unhealthy" && own.some((network) => networks.includes(network)),
  );
}

/**
 * The route that serves best just now: as declared, less the targets that do not answer. Undefined where the gateway has
 * one as good, or where it cannot be told or does not say what it has. Pure.
 */
export function routeFor(declared: Declared, found: Found): Route | undefined {
  const { input } = declared.route ?? {};
  const serving = servingOf(declared, found);
  if (!input || typeof found.routes === "string" || serving.length === 0) return undefined;
  const is = found.routes.find(({ service }) => service === input.service);
  const routed = is?.targets.map((target) => target.replace(/:\d+$/, "")) ?? [];
  const right = is?.state === (input.maintenance === null ? "running" : "stopped");
  if (right && routed.length > 0 && routed.every((name) => answers(name, found))) return undefined;
  const among = (names: readonly string[]) => names.filter((name) => serving.includes(name));
  return {
    ...input,
    targets: among(input.targets),
    canary: input.canary && { ...input.canary, targets: among(input.canary.targets) },
    health: { ...input.health, deadline: Math.min(input.health.deadline, PROBE_DEADLINE) },
  };
}
