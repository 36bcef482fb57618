import { type Aid, aidsFor, routeFor } from "../../../commands/update/firstAid.ts";
import type { Found } from "../../../engine/found.ts";
import { DECLARED, declaredWith, FOUND, foundWith, foundWithout, ROUTES } from "../../support/stackView.ts";

const start = (name: string): Aid => ({ do: "start", name });

test("does nothing where all is well, or nothing was ever live", () => {
  expect(aidsFor(DECLARED, FOUND)).toEqual([]);
  expect(routeFor(DECLARED, FOUND)).toBeUndefined();
  expect(aidsFor({ ...DECLARED, route: undefined }, foundWith({ name: "web-1", state: "paused" }))).toEqual([]);
});

test.each<[string, Found, Aid[]]>([
  ["unpauses", foundWith({ name: "web-1", state: "paused" }), [{ do: "unpause", name: "web-1" }]],
  ["starts a gateway", foundWith({ name: "gateway", state: "exited" }), [start("gateway")]],
  ["leaves a replica to the update while another one serves", foundWith({ name: "web-1", state: "exited" }), []],
  [
    "starts replicas where none is left",
    foundWith({ name: "web-1", state: "exited" }, { name: "web-2", state: "exited" }),
    [start("web-1"), start("web-2")],
  ],
  [
    "sets limits back",
    foundWith({ name: "web-1", cpus: 3 }),
    [{ do: "set limits", name: "web-1", memory: 512 * 1024 ** 2, cpus: 1, pids: 256 }],
  ],
  [
    "makes a lost data volume again with its labels",
    { ...FOUND, volumes: FOUND.volumes.slice(1) },
    [{ do: "make volume", name: "data-1", labels: { "berth.stack": "dev", "berth.part": "data" } }],
  ],
  ["leaves a volume of secrets to the update", { ...FOUND, volumes: FOUND.volumes.slice(0, 1) }, []],
  ["does not touch another container of the same name", foundWith({ name: "web-1", id: "id-of-another", state: "paused" }), []],
])("%s", (_, found, aids) => {
  expect(aidsFor(DECLARED, found)).toEqual(aids);
});

test("starts an accessory, without which the app cannot do its work", () => {
  const declared = declaredWith({ name: "database", part: "accessory" });
  expect(aidsFor(declared, foundWith({ name: "database", part: "accessory", state: "exited" }))).toEqual([start("database")]);
});

test("never starts a second writer", () => {
  const { route } = DECLARED;
  if (!route) throw new Error("the fixture has a route");
  const exclusive = { ...declaredWith({ name: "web-3", release: "r2" }), route: { ...route, input: { ...route.input, exclusive: true } } };
  const stopped = [
    { name: "web-1", state: "exited" },
    { name: "web-2", state: "exited" },
  ] as const;
  const foundNext = (state: string) => foundWith(...stopped, { name: "web-3", release: "r2", state });
  expect(aidsFor(exclusive, foundNext("created"))).toEqual([start("web-1"), start("web-2")]);
  expect(aidsFor(exclusive, foundNext("running"))).toEqual([]);
});

test.each([
  ["stopped", foundWith({ name: "web-1", state: "exited" })],
  ["gone", foundWithout("web-1")],
  ["unhealthy", foundWith({ name: "web-1", health: "unhealthy" })],
  ["off the network", foundWith({ name: "web-1", networks: [] })],
])("leads the traffic past a replica that is %s", (_, found) => {
  expect(routeFor(DECLARED, found)).toMatchObject({ targets: ["web-2"], health: { deadline: 5 } });
});

test.each<[string, Found["routes"]]>([
  ["is lost", []],
  ["is paused", ROUTES.map((route) => ({ ...route, state: "paused" }))],
  ["leads to a container that is gone", ROUTES.map((route) => ({ ...route, targets: ["web-0:8080"] }))],
])("brings back a route that %s", (_, routes) => {
  expect(routeFor(DECLARED, { ...FOUND, routes })).toMatchObject({ targets: ["web-1", "web-2"] });
});

test("leaves a route alone that leads to others which serve: an update was killed just after the switch", () => {
  const found = foundWith({ name: "web-3", release: "r2" });
  const routes = ROUTES.map((route) => ({ ...route, targets: ["web-3:8080"] }));
  expect(routeFor(declaredWith({ name: "web-3" }), { ...found, routes })).toBeUndefined();
});

test("leaves the route alone where nobody serves, or the gateway does not answer", () => {
  expect(routeFor(DECLARED, foundWith({ name: "web-1", state: "exited" }, { name: "web-2", state: "exited" }))).toBeUndefined();
  expect(routeFor(DECLARED, { ...FOUND, routes: "none" })).toBeUndefined();
  expect(routeFor(DECLARED, { ...FOUND, routes: "silent" })).toBeUndefined();
});
