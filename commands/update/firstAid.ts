/**
 * What can be put right at once, without a new container: before an update, so that people are served while it makes
 * the rest again. The choice is pure.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { wordsOf } from "../../engine/labels.ts";
import { tryGateway } from "../../engine/gateway.ts";
import { deployWords, maintenanceWords } from "../../engine/gatewayWords.ts";
import { type Route, targetsOf } from "../../release/route.ts";
import type { Declared, DeclaredContainer } from "../../stack/record.ts";
import { docker } from "../../engine/containers.ts";
import { limitsThatDiffer } from "../view/driftRules.ts";
import type { Found } from "../../engine/found.ts";

export interface Aid {
  /** Words for `docker`. */
  readonly words: readonly string[];
  /** What it has done, for a person. */
  readonly says: string;
}

/** So long may a probe of the gateway take, in seconds: a replica that serves answers at once. */
const PROBE_DEADLINE = 5;
/** The switch comes at once, and only the drain after it takes longer: so long is it waited for, in milliseconds. */
const SWITCH_PATIENCE = 3000;

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
    ...volumes.map(({ name, labels }) => ({
      words: ["volume", "create", ...wordsOf(labels), name],
      says: `volume ${name} made again, empty`,
    })),
    ...known.filter(({ is }) => is.state === "paused").map(({ is: { name } }) => ({ words: ["unpause", name], says: `${name} unpaused` })),
    ...known
      .filter(({ wanted, is }) => ["exited", "created"].includes(is.state) && (wanted.part === "gateway" || wanted.part === "accessory" || (nobodyServes && isTarget(wanted, declared))))
      .map(({ is: { name } }) => ({ words: ["start", name], says: `${name} started` })),
    ...known.filter(({ wanted, is }) => limitsThatDiffer(wanted, is).length > 0).map(({ wanted }) => ({ words: limitWords(wanted), says: `limits of ${wanted.name} set back` })),
  ];
}

/** Whether a start could make a second writer of an app that allows one: a cut-off update has begun with the next release. */
const isTwoWriters = ({ route }: Declared, { containers }: Found): boolean =>
  route?.input.exclusive === true && containers.some(({ name, part, state }) => part === "web" && state === "running" && !targetsOf(route.input).includes(name));

const limitWords = ({ name, memory, cpus, pids }: DeclaredContainer): string[] => [
  "update",
  ...["--memory", String(memory), "--memory-swap", String(memory), "--cpus", String(cpus)],
  ...(pids === undefined ? [] : ["--pids-limit", String(pids)]),
  name,
];

const isTarget = ({ name }: { name: string }, { route }: Declared): boolean => route !== undefined && targetsOf(route.input).includes(name);

/** The route's targets that can answer. */
const servingOf = ({ route }: Declared, found: Found): string[] => (route ? targetsOf(route.input) : []).filter((target) => answers(target, found));

/** Whether it runs, is not unhealthy, and shares a network with the gateway. */
function answers(target: string, { containers }: Found): boolean {
  const networks = containers.filter(({ part }) => part === "gateway").flatMap((gateway) => gateway.networks);
  return containers.some(({ name, state, health, networks: own }) => name === target && state === "running" && health !== "unhealthy" && own.some((network) => networks.includes(network)));
}

/**
 * The route that serves best just now: as declared, less the targets that do not answer. Undefined where the gateway has
 * one as good, or cannot be told. Pure.
 */
export function routeFor(declared: Declared, found: Found): Route | undefined {
  const { input } = declared.route ?? {};
  const serving = servingOf(declared, found);
  if (!input || !found.routes || serving.length === 0) return undefined;
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

/** Does what `aidsFor` chose, one line each. What fails is left to the update. */
export async function giveAid(aids: readonly Aid[]): Promise<void> {
  for (const { words, says } of aids) {
    await docker(...words).then(() => console.log(`  ${says}`), (error: Error) => console.log(`  left to the update: ${error.message}`));
  }
}

/** Tells the gateway; what fails is left to the update. */
export async function aidRoute(input: Route): Promise<void> {
  const switched = tryGateway(input.gateway, deployWords(input));
  switched.catch(() => undefined); // the update tells why
  const result = await Promise.race([switched.catch(() => undefined), sleep(SWITCH_PATIENCE)]);
  if (result && result.code !== 0) return;
  await tryGateway(input.gateway, maintenanceWords(input)).catch(() => undefined);
  console.log(`  traffic goes to ${targetsOf(input).join(", ")}`);
}
