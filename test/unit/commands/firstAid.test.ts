import { aidsFor, routeFor } from "../../../commands/update/firstAid.ts";
import { DECLARED, declaredWith, FOUND, foundWith, foundWithout } from "../../support/stackView.ts";

const aids = (...args: Parameters<typeof aidsFor>) => aidsFor(...args).map(({ words }) => words.join(" "));

test("does nothing where all is well, or nothing was ever live", () => {
  expect(aids(DECLARED, FOUND)).toEqual([]);
  expect(routeFor(DECLARED, FOUND)).toBeUndefined();
  expect(aids({ ...DECLARED, route: undefined }, foundWith({ name: "web-1", state: "paused" }))).toEqual([]);
});

test.each([
  ["unpauses", foundWith({ name: "web-1", state: "paused" }), ["unpause web-1"]],
  ["starts a gateway", foundWith({ name: "gateway", state: "exited" }), ["start gateway"]],
  ["leaves a replica to the update while another one serves", foundWith({ name: "web-1", state: "exited" }), []],
  ["starts replicas where none is left", foundWith({ name: "web-1", state: "exited" }, { name: "web-2", state: "exited" }), ["start web-1", "start web-2"]],
  ["sets limits back", foundWith({ name: "web-1", cpus: 3 }), ["update --memory 536870912 --memory-swap 536870912 --cpus 1 --pids-limit 256 web-1"]],
  ["makes a lost data volume again with its labels", { ...FOUND, volumes: FOUND.volumes.slice(1) }, ["volume create --label berth.stack=dev --label berth.part=data data-1"]],
  ["leaves a volume of secrets to the update", { ...FOUND, volumes: FOUND.volumes.slice(0, 1) }, []],
  ["does not touch another container of the same name", foundWith({ name: "web-1", id: "id-of-another", state: "paused" }), []],
])("%s", (_, found, words) => {
  expect(aids(DECLARED, found)).toEqual(words);
});

test("starts an accessory, without which the app cannot do its work", () => {
  const declared = declaredWith({ name: "database", part: "accessory" });
  expect(aids(declared, foundWith({ name: "database", part: "accessory", state: "exited" }))).toEqual(["start database"]);
});

test("never starts a second writer", () => {
  const { route } = DECLARED;
  if (!route) throw new Error("the fixture has a route");
  const exclusive = { ...declaredWith({ name: "web-3", release: "r2" }), route: { ...route, input: { ...route.input, exclusive: true } } };
  const stopped = [{ name: "web-1", state: "exited" }, { name: "web-2", state: "exited" }] as const;
  expect(aids(exclusive, foundWith(...stopped, { name: "web-3", release: "r2", state: "created" }))).toEqual(["start web-1", "start web-2"]);
  expect(aids(exclusive, foundWith(...stopped, { name: "web-3", release: "r2", state: "running" }))).toEqual([]);
});

test.each([
  ["stopped", foundWith({ name: "web-1", state: "exited" })],
  ["gone", foundWithout("web-1")],
  ["unhealthy", foundWith({ name: "web-1", health: "unhealthy" })],
  ["off the network", foundWith({ name: "web-1", networks: [] })],
])("leads the traffic past a replica that is %s", (_, found) => {
  expect(routeFor(DECLARED, found)).toMatchObject({ targets: ["web-2"], health: { deadline: 5 } });
});

test.each([
  ["is lost", []],
  ["is paused", FOUND.routes?.map((route) => ({ ...route, state: "paused" }))],
  ["leads to a container that is gone", FOUND.routes?.map((route) => ({ ...route, targets: ["web-0:8080"] }))],
])("brings back a route that %s", (_, routes) => {
  expect(routeFor(DECLARED, { ...FOUND, routes })).toMatchObject({ targets: ["web-1", "web-2"] });
});

test("leaves a route alone that leads to others which serve: an update was killed just after the switch", () => {
  const found = foundWith({ name: "web-3", release: "r2" });
  expect(routeFor(declaredWith({ name: "web-3" }), { ...found, routes: FOUND.routes?.map((route) => ({ ...route, targets: ["web-3:8080"] })) })).toBeUndefined();
});

test("leaves the route alone where nobody serves, or the gateway does not answer", () => {
  expect(routeFor(DECLARED, foundWith({ name: "web-1", state: "exited" }, { name: "web-2", state: "exited" }))).toBeUndefined();
  expect(routeFor(DECLARED, { ...FOUND, routes: undefined })).toBeUndefined();
});
