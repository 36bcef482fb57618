import { compare, describe as inWords, type Kind, urnsToReplace } from "../../../commands/view/driftRules.ts";
import type { Found } from "../../../engine/found.ts";
import { orphansOf } from "../../../commands/view/orphans.ts";
import { DECLARED, declaredWith, FOUND, foundWith, foundWithout, ROUTES } from "../../support/stackView.ts";

test("finds nothing where the engine has what was declared, in whatever order", () => {
  expect(compare(DECLARED, FOUND)).toEqual([]);
});

test("finds nothing where nothing was ever live", () => {
  expect(compare({ ...DECLARED, route: undefined }, { time: 0, containers: [], networks: [], volumes: [], routes: "none" })).toEqual([]);
});

const CASES: readonly [kind: Kind, found: Found, line: string, replace: readonly string[]][] = [
  [
    "missing",
    foundWithout("web-1"),
    "container web-1: expected it to run, found no container of that name with the stack's labels",
    ["urn:web-1"],
  ],
  [
    "missing",
    foundWithout("gateway"),
    "gateway gateway: expected it to run, found no container of that name with the stack's labels",
    ["urn:gateway"],
  ],
  [
    "stopped",
    foundWith({ name: "web-1", state: "exited", exitCode: 137 }),
    "container web-1: expected it to run, found exited (exit code 137)",
    ["urn:web-1"],
  ],
  [
    "stopped",
    foundWith({ name: "web-1", state: "created" }),
    "container web-1: expected it to run, found created (exit code 0)",
    ["urn:web-1"],
  ],
  [
    "stopped",
    foundWith({ name: "gateway", state: "exited" }),
    "gateway gateway: expected it to run, found exited (exit code 0)",
    ["urn:gateway"],
  ],
  ["paused", foundWith({ name: "web-2", state: "paused" }), "container web-2: expected it to run, found paused", ["urn:web-2"]],
  [
    "restarting",
    foundWith({ name: "web-2", state: "restarting", restarts: 4, exitCode: 1 }),
    "container web-2: expected it to run, found it restarting again and again (4 times, exit code 1)",
    ["urn:web-2"],
  ],
  [
    "restarting",
    foundWith({ name: "web-2", started: FOUND.time - 3000, restarts: 2, exitCode: 0 }),
    "container web-2: expected it to run, found it restarting again and again (2 times, exit code 0)",
    ["urn:web-2"],
  ],
  [
    "unhealthy",
    foundWith({ name: "web-2", health: "unhealthy" }),
    "container web-2: expected it to be healthy, found unhealthy by its own health check",
    ["urn:web-2"],
  ],
  [
    "image",
    foundWith({ name: "web-1", image: "sha256:bbbbbbbbbbbbbbbb" }),
    "container web-1: expected image aaaaaaaaaaaa, found bbbbbbbbbbbb",
    ["urn:web-1"],
  ],
  [
    "image",
    foundWith({ name: "web-1", id: "id-of-another" }),
    "container web-1: expected container id-web-1, found another one of the same name, id-of-anothe",
    ["urn:web-1"],
  ],
  [
    "env",
    foundWith({ name: "web-1", env: ["PORT=1"] }),
    "container web-1: expected environment PORT as set, found PORT with another value",
    ["urn:web-1"],
  ],
  ["env", foundWith({ name: "web-1", env: [] }), "container web-1: expected environment PORT as set, found PORT not set", ["urn:web-1"]],
  [
    "limits",
    foundWith({ name: "web-1", memory: 0, cpus: 0.5, pids: 9 }),
    "container web-1: expected memory 512 MiB, cpus 1, pids 256, found memory without limit, cpus 0.5, pids 9",
    [],
  ],
  [
    "detached",
    foundWith({ name: "web-1", networks: ["bridge"] }),
    "container web-1: expected it on network net, found it on bridge",
    ["urn:web-1"],
  ],
  ["network", { ...FOUND, networks: [] }, "network net: expected it to be there, found none", ["urn:net"]],
  [
    "volume",
    { ...FOUND, volumes: [{ name: "secrets-1", part: "secrets" }] },
    "volume data-1: expected it to be there, found none: its data are gone, an update begins with an empty one",
    [],
  ],
  [
    "volume",
    { ...FOUND, volumes: [{ name: "data-1", part: "data" }] },
    "volume secrets-1: expected it to be there, found none",
    ["urn:files"],
  ],
  ["route", { ...FOUND, routes: [] }, "route app in gateway gateway: expected it to be there, found none", ["urn:route"]],
  [
    "route",
    route({ targets: ["web-1:8080"] }),
    "route app in gateway gateway: expected it to lead to web-1:8080, web-2:8080, found web-1:8080",
    ["urn:route"],
  ],
  ["route", route({ state: "paused" }), "route app in gateway gateway: expected it to serve, found paused", ["urn:route"]],
  [
    "route",
    { ...FOUND, routes: "silent" },
    "route app in gateway gateway: expected the gateway to tell it, found no answer of the gateway: docker logs gateway",
    [],
  ],
  [
    "leftover",
    foundWith({ name: "web-0" }),
    "container web-0: expected it to be gone, found it left over by an update that was cut off",
    [],
  ],
  [
    "leftover",
    { ...FOUND, volumes: [...FOUND.volumes, { name: "secrets-0", part: "secrets" }] },
    "volume secrets-0: expected it to be gone, found it left over by an update that was cut off",
    [],
  ],
  [
    "extra",
    attached("somebody"),
    "network net: expected only the stack's containers on it, found container somebody, which is not the stack's and is left alone",
    [],
  ],
];

function route(change: object): Found {
  return { ...FOUND, routes: ROUTES.map((entry) => ({ ...entry, ...change })) };
}

function attached(name: string): Found {
  return {
    ...FOUND,
    networks: FOUND.networks.map((network) => ({ ...network, attached: [...network.attached, { id: `id-${name}`, name }] })),
  };
}

test.each(CASES)("%s: %#", (kind, found, line, replace) => {
  const findings = compare(DECLARED, found);
  expect(findings.map((finding) => [finding.kind, inWords(finding), finding.replace])).toEqual([[kind, line, replace]]);
});

test("a replica that crashed long ago, or once, is well", () => {
  expect(
    compare(
      DECLARED,
      foundWith({ name: "web-1", started: FOUND.time - 11_000, restarts: 9 }, { name: "web-2", started: FOUND.time - 3000, restarts: 1 }),
    ),
  ).toEqual([]);
});

test("a gateway that runs again after a crash is left alone, because a new one would be a gap", () => {
  expect(compare(DECLARED, foundWith({ name: "gateway", started: FOUND.time - 3000, restarts: 2 }))).toEqual([]);
});

test("expects a canary's containers in the route, too", () => {
  const { route: live } = DECLARED;
  if (!live) throw new Error("the fixture has a route");
  const canary = { release: "r2", targets: ["try-1"], port: 9090 } as unknown as NonNullable<typeof live.input.canary>;
  const declared = { ...declaredWith({ name: "try-1", release: "r2" }), route: { ...live, input: { ...live.input, canary } } };
  const found = {
    ...foundWith({ name: "try-1", release: "r2" }),
    routes: route({ targets: ["web-1:8080", "web-2:8080", "try-1:9090"] }).routes,
  };
  expect(compare(declared, found)).toEqual([]);
});

test("does not make the route again where it follows from a container's new name", () => {
  const findings = compare(DECLARED, { ...foundWithout("web-1"), routes: [] });
  expect(urnsToReplace(findings)).toEqual(["urn:web-1"]);
  expect(urnsToReplace(compare(DECLARED, { ...FOUND, routes: [] }))).toEqual(["urn:route"]);
});

test("tells no value of the environment, because it may be a secret", () => {
  const declared = declaredWith({ name: "web-1", env: ["TOKEN=hush"] });
  expect(JSON.stringify(compare(declared, foundWith({ name: "web-1", env: ["TOKEN=shush"] })))).not.toContain("shush");
});

test("expects the maintenance page where it is on", () => {
  const { route: live } = DECLARED;
  if (!live) throw new Error("the fixture has a route");
  const inMaintenance = { ...DECLARED, route: { ...live, input: { ...live.input, maintenance: "back soon" } } };
  expect(compare(inMaintenance, route({ state: "stopped" }))).toEqual([]);
  expect(compare(inMaintenance, FOUND).map(inWords)).toEqual([
    "route app in gateway gateway: expected the maintenance page, found it serving",
  ]);
});

describe("after a release that failed", () => {
  const declared = declaredWith({ name: "web-1", retiring: true }, { name: "web-3", release: "r2" }, { name: "web-4", retiring: true });

  test("its containers may be unwell: they are not live", () => {
    expect(compare(declared, foundWith({ name: "web-3", release: "r2", health: "unhealthy" }, { name: "web-4" }))).toEqual([]);
  });

  test("one of them that is gone is made again, so that the next update can judge it", () => {
    expect(compare(declared, foundWith({ name: "web-4" })).map(({ kind, replace }) => [kind, replace])).toEqual([
      ["missing", ["urn:web-3"]],
    ]);
  });

  test("one of them that was stopped is made again, unless the gate starts it", () => {
    const stopped = foundWith({ name: "web-3", release: "r2", state: "exited", exitCode: 137 }, { name: "web-4", state: "exited" });
    expect(compare(declared, stopped).map(({ kind, replace }) => [kind, replace])).toEqual([["stopped", ["urn:web-3"]]]);
    const worker = declaredWith(
      { name: "web-1", retiring: true },
      { name: "web-3", release: "r2", part: "worker" },
      { name: "web-4", retiring: true },
    );
    expect(compare(worker, stopped)).toEqual([]);
    const { route } = declared;
    if (!route) throw new Error("the fixture has a route");
    expect(compare({ ...declared, route: { ...route, input: { ...route.input, exclusive: true } } }, stopped)).toEqual([]);
  });

  test("a replica that still serves is looked at, and is not made again under a URN that is another's", () => {
    const findings = compare(declared, foundWith({ name: "web-1", state: "exited" }, { name: "web-3", release: "r2" }));
    expect(findings.map(({ kind, thing, replace }) => [kind, thing, replace])).toEqual([["stopped", "container web-1", []]]);
  });
});

describe("an accessory", () => {
  const declared = declaredWith({ name: "database", part: "accessory", release: "" });

  test.each<[Partial<(typeof FOUND.containers)[number]>, Kind, string]>([
    [{ state: "exited" }, "stopped", "accessory database: expected it to run, found exited (exit code 0)"],
    [{ health: "unhealthy" }, "unhealthy", "accessory database: expected it to be healthy, found unhealthy by its own health check"],
  ])("is the stack's own, whatever release is live: %j", (change, kind, line) => {
    const findings = compare(declared, foundWith({ name: "database", part: "accessory", release: "", ...change }));
    expect(findings.map((finding) => [finding.kind, inWords(finding)])).toEqual([[kind, line]]);
  });

  test("that an update which was killed has left may go: its data are in the volume", () => {
    expect(orphansOf(DECLARED, foundWith({ name: "database", part: "accessory" })).containers).toEqual(["database"]);
  });
});

test("never takes data, a job or what Pulumi knows for a leftover", () => {
  const found: Found = {
    ...foundWith({ name: "job", part: "job" }, { name: "gateway-0", part: "gateway" }),
    volumes: [...FOUND.volumes, { name: "data-0", part: "data" }, { name: "state-0", part: "gateway" }],
    networks: [...FOUND.networks, { id: "id-net-0", name: "net-0", attached: [] }],
    routes: [...ROUTES, { service: "gate-r0", host: "x.invalid", targets: [], state: "running" }],
  };
  expect(orphansOf(DECLARED, found)).toEqual({ containers: ["gateway-0"], networks: ["net-0"], volumes: ["state-0"], routes: ["gate-r0"] });
});
