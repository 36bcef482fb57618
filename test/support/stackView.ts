/** A stack with a gateway and two replicas, by Pulumi's record and on the engine, where all is well. */
import type { Declared, DeclaredContainer } from "../../stack/record.ts";
import type { Found, FoundContainer } from "../../engine/found.ts";
import type { ListedRoute } from "../../engine/live.ts";
import type { RouteInput } from "../../steps/switch.ts";

const MEBIBYTE = 1024 ** 2;

const container = (name: string, more: Partial<DeclaredContainer> = {}): DeclaredContainer => ({
  urn: `urn:${name}`,
  id: `id-${name}`,
  name,
  part: "web",
  release: "r1",
  image: "sha256:aaaaaaaaaaaaaaaa",
  env: ["PORT=8080"],
  memory: 512 * MEBIBYTE,
  cpus: 1,
  pids: 256,
  network: "net",
  retiring: false,
  ...more,
});

const routeInput = {
  gateway: "gateway",
  service: "app",
  release: "r1",
  targets: ["web-1", "web-2"],
  canary: null,
  port: 8080,
  hosts: [],
  tls: "off",
  health: { path: "/up", interval: 1, timeout: 5, deadline: 60 },
  drain: 30,
  maintenance: null,
} as unknown as RouteInput;

export const DECLARED: Declared = {
  containers: [container("web-1"), container("web-2"), container("gateway", { part: "gateway", release: "", env: [] })],
  networks: [{ urn: "urn:net", id: "id-net", name: "net", retiring: false }],
  volumes: [
    { urn: "urn:data", name: "data-1", part: "data", labels: { "berth.stack": "dev", "berth.part": "data" } },
    { urn: "urn:files", name: "secrets-1", part: "secrets", labels: {} },
  ],
  route: { urn: "urn:route", input: routeInput },
  hasLongOutputs: false,
  pending: 0,
  empty: false,
  outputs: {},
};

/** The declared stack with some of its containers changed or added. */
export const declaredWith = (...containers: (Partial<DeclaredContainer> & { readonly name: string })[]): Declared => ({
  ...DECLARED,
  containers: merge(DECLARED.containers, containers, (name) => container(name)),
});

const found = ({ id, name, part, release, image, env, memory, cpus, pids, network }: DeclaredContainer): FoundContainer => ({
  ...{ id, name, part, release, image, memory, cpus },
  env: [...env, "PATH=/bin"],
  state: "running",
  health: "healthy",
  exitCode: 0,
  restarts: 0,
  started: 0,
  pids: pids ?? 0,
  networks: [network],
});

export const ROUTES: readonly ListedRoute[] = [{ service: "app", host: "*", targets: ["web-2:8080", "web-1:8080"], state: "running" }];

export const FOUND: Found = {
  time: 1_000_000,
  containers: DECLARED.containers.map(found),
  networks: [{ id: "id-net", name: "net", attached: [{ id: "id-web-2", name: "web-2" }] }],
  volumes: [
    { name: "data-1", part: "data" },
    { name: "secrets-1", part: "secrets" },
  ],
  routes: ROUTES,
};

/** What the engine has, with some containers changed or added. */
export const foundWith = (...containers: (Partial<FoundContainer> & { readonly name: string })[]): Found => ({
  ...FOUND,
  containers: merge(FOUND.containers, containers, (name) => found(container(name))),
});

export const foundWithout = (name: string): Found => ({
  ...FOUND,
  containers: FOUND.containers.filter((container) => container.name !== name),
});

function merge<T extends { readonly name: string }>(
  all: readonly T[],
  changes: readonly (Partial<T> & { readonly name: string })[],
  make: (name: string) => T,
): T[] {
  const changed = all.map((entry) => ({ ...entry, ...changes.find(({ name }) => name === entry.name) }));
  const added = changes
    .filter(({ name }) => !all.some((entry) => entry.name === name))
    .map((change) => ({ ...make(change.name), ...change }));
  return [...changed, ...added];
}
