/** Where the engine differs from what Pulumi wrote. Pure. */
import { addressesOf } from "../../engine/gatewayWords.ts";
import { targetsOf } from "../../release/route.ts";
import type { Declared, DeclaredContainer } from "../../stack/record.ts";
import type { Found, FoundContainer } from "../../engine/found.ts";
import { orphansOf } from "./orphans.ts";

export type Kind =
  | "missing"
  | "stopped"
  | "paused"
  | "restarting"
  | "unhealthy"
  | "image"
  | "env"
  | "limits"
  | "detached"
  | "network"
  | "volume"
  | "route"
  | "leftover"
  | "extra";

export interface Finding {
  readonly kind: Kind;
  /** Whom it is about, such as "container berth-dev-web-1-ab12cd3". */
  readonly thing: string;
  readonly expected: string;
  readonly found: string;
  /** URNs of what Pulumi has to make again; none where it is healed in another way, or is not the stack's to heal. */
  readonly replace: readonly string[];
}

/** One line for a person. */
export const describe = ({ thing, expected, found }: Finding): string => `${thing}: expected ${expected}, found ${found}`;

/** What Pulumi has to make again. The route follows by itself where a container gets another name. */
export function urnsToReplace(findings: readonly Finding[]): string[] {
  const renamed = findings.some(({ kind, replace }) => kind !== "route" && replace.length > 0);
  return [...new Set(findings.flatMap(({ kind, replace }) => (kind === "route" && renamed ? [] : replace)))];
}

/** Every difference, the most severe thing first: volumes, networks, gateway, accessories, replicas, routes, what is too much. */
export function compare(declared: Declared, found: Found): Finding[] {
  if (declared.route === undefined) return []; // nothing was ever live
  const judged = [...declared.containers]
    .filter((container) => !container.retiring || isRouted(container, declared))
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  return [
    ...missingVolumes(declared, found),
    ...missingNetworks(declared, found),
    ...judged.flatMap((container) => judgeContainer(container, declared, found)),
    ...judgeRoute(declared, found),
    ...leftovers(declared, found),
    ...strangers(declared, found),
  ];
}

const rank = ({ part }: DeclaredContainer): number => (part === "gateway" ? 0 : part === "accessory" ? 1 : 2);
/** Whether it belongs to the stack and to no release. */
const isLasting = ({ part }: DeclaredContainer): boolean => part === "gateway" || part === "accessory";
const isRouted = ({ name }: DeclaredContainer, { route }: Declared): boolean =>
  route !== undefined && targetsOf(route.input).includes(name);
const RUNS = "it to run";
/** Milliseconds. */
const STEADY = 10_000;

function judgeContainer(wanted: DeclaredContainer, declared: Declared, found: Found): Finding[] {
  const thing = `${isLasting(wanted) ? wanted.part : "container"} ${wanted.name}`;
  const again = wanted.retiring ? [] : [wanted.urn]; // the next update deletes a retiring one, and its URN is another's by now
  const differs = (kind: Kind, expected: string, was: string, replace: readonly string[] = again): Finding => ({
    kind,
    thing,
    expected,
    found: was,
    replace,
  });
  const is = found.containers.find(({ name }) => name === wanted.name);
  if (!is) return [differs("missing", RUNS, "no container of that name with the stack's labels")];

  // What a failed release left is neither live nor drift, as long as the next update can judge it anew.
  const { release, canary } = declared.route?.input ?? {};
  const live = isLasting(wanted) || wanted.release === release || wanted.release === canary?.release;
  const { state, health } = is;
  if (state === "paused") return [differs("paused", RUNS, "paused")];
  const looping = wanted.part !== "gateway" && isLooping(is, found.time); // its restarts count for all its life, and a new gateway is a gap
  if (state === "restarting" || looping)
    return live ? [differs("restarting", RUNS, `it restarting again and again (${is.restarts} times, exit code ${is.exitCode})`)] : [];
  if (state !== "running") return live || isLost(wanted, declared) ? [differs("stopped", RUNS, `${state} (exit code ${is.exitCode})`)] : [];

  const differences: Finding[] = [];
  if (health === "unhealthy" && live) differences.push(differs("unhealthy", "it to be healthy", "unhealthy by its own health check"));
  if (is.image !== wanted.image) differences.push(differs("image", `image ${short(wanted.image)}`, short(is.image)));
  const missing = wanted.env.filter((entry) => !is.env.includes(entry));
  if (missing.length > 0)
    differences.push(
      differs("env", `environment ${missing.map(nameOf).join(", ")} as set`, missing.map((entry) => inWords(entry, is.env)).join(", ")),
    );
  else if (is.id !== wanted.id && is.image === wanted.image)
    differences.push(differs("image", `container ${wanted.id.slice(0, 12)}`, `another one of the same name, ${is.id.slice(0, 12)}`));
  if (!is.networks.includes(wanted.network))
    differences.push(
      differs("detached", `it on network ${wanted.network}`, is.networks.length > 0 ? `it on ${is.networks.join(", ")}` : "it on none"),
    );
  const limits = limitsThatDiffer(wanted, is);
  if (limits.length > 0)
    differences.push(
      differs(
        "limits",
        limits.map(([limit, value]) => `${limit} ${value}`).join(", "),
        limits.map(([limit, , value]) => `${limit} ${value}`).join(", "),
        [],
      ),
    );
  return differences;
}

/**
 * A replica of a failed release that does not run is started by nobody. The gate starts workers, and replicas of an app that allows one
 * writer.
 */
const isLost = ({ part, retiring }: DeclaredContainer, { route }: Declared): boolean =>
  part === "web" && !retiring && route?.input.exclusive !== true;

/** Between two crashes it runs, for less than the engine takes for a sign that it is well. */
const isLooping = ({ restarts, started }: FoundContainer, now: number): boolean => restarts > 1 && started <= now && now - started < STEADY;

/** Values stay out of sight, because a person may have put a secret there. */
const nameOf = (entry: string): string => entry.split("=")[0] ?? entry;
const inWords = (entry: string, env: readonly string[]): string =>
  `${nameOf(entry)} ${env.some((other) => nameOf(other) === nameOf(entry)) ? "with another value" : "not set"}`;
const short = (image: string): string => image.replace(/^sha256:/, "").slice(0, 12);

/** Each limit that differs, with both values in words. */
export function limitsThatDiffer(wanted: DeclaredContainer, is: FoundContainer): [limit: string, wanted: string, found: string][] {
  const all: [string, string, string][] = [
    ["memory", mebibytes(wanted.memory), mebibytes(is.memory)],
    ["cpus", orNone(wanted.cpus), orNone(is.cpus)],
    ["pids", orNone(wanted.pids ?? is.pids), orNone(is.pids)],
  ];
  return all.filter(([, expected, actual]) => expected !== actual);
}

const orNone = (value: number): string => (value > 0 ? String(value) : "without limit");
const mebibytes = (bytes: number): string => (bytes > 0 ? `${Math.round(bytes / 1024 ** 2)} MiB` : "without limit");

const missingNetworks = ({ networks }: Declared, found: Found): Finding[] =>
  networks
    .filter(({ id, retiring }) => !retiring && !found.networks.some((network) => network.id === id))
    .map(({ urn, name }) => ({ kind: "network", thing: `network ${name}`, expected: "it to be there", found: "none", replace: [urn] }));

const missingVolumes = ({ volumes }: Declared, found: Found): Finding[] =>
  volumes
    .filter(({ name }) => !found.volumes.some((volume) => volume.name === name))
    .map(({ urn, name, part }) => ({
      kind: "volume",
      thing: `volume ${name}`,
      expected: "it to be there",
      found: part === "data" ? "none: its data are gone, an update begins with an empty one" : "none",
      replace: part === "secrets" ? [urn] : [],
    }));

function judgeRoute({ route }: Declared, { routes }: Found): Finding[] {
  if (!route || routes === "none") return []; // a gateway that does not run has been told of already
  const { gateway, service, maintenance } = route.input;
  const differs = (thing: string, expected: string, found: string, replace = [route.urn]): Finding[] => [
    { kind: "route", thing, expected, found, replace },
  ];
  const thing = `route ${service} in gateway ${gateway}`;
  if (routes === "silent") return differs(thing, "the gateway to tell it", `no answer of the gateway: docker logs ${gateway}`, []);
  const is = routes.find((entry) => entry.service === service);
  if (!is) return differs(thing, "it to be there", "none");
  const wanted = addressesOf(route.input).sort();
  if (wanted.join() !== [...is.targets].sort().join()) return differs(thing, `it to lead to ${wanted.join(", ")}`, is.targets.join(", "));
  const state = maintenance === null ? "running" : "stopped";
  return is.state === state
    ? []
    : differs(thing, maintenance === null ? "it to serve" : "the maintenance page", is.state === "running" ? "it serving" : is.state);
}

function leftovers(declared: Declared, found: Found): Finding[] {
  const { containers, networks, volumes, routes } = orphansOf(declared, found);
  const things = [
    // Told of by its image
    ...containers.filter((orphan) => !declared.containers.some(({ name }) => name === orphan)).map((name) => `container ${name}`),
    ...networks.map((name) => `network ${name}`),
    ...volumes.map((name) => `volume ${name}`),
    ...routes.map((name) => `route ${name}`),
  ];
  return things.map((thing) => ({
    kind: "leftover",
    thing,
    expected: "it to be gone",
    found: "it left over by an update that was cut off",
    replace: [],
  }));
}

const strangers = (declared: Declared, found: Found): Finding[] =>
  found.networks
    .filter(({ id }) => declared.networks.some((network) => network.id === id))
    .flatMap(({ name: network, attached }) =>
      attached
        .filter(({ id }) => !found.containers.some((container) => container.id === id))
        .map(({ name }) => ({
          kind: "extra" as const,
          thing: `network ${network}`,
          expected: "only the stack's containers on it",
          found: `container ${name}, which is not the stack's and is left alone`,
          replace: [],
        })),
    );
