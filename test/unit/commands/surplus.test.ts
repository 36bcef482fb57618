import { type Facts, surplusOf } from "../../../commands/prune/surplus.ts";
import type { FoundContainer } from "../../../engine/found.ts";
import { DECLARED, FOUND, foundWith } from "../../support/stackView.ts";

const facts = (more: Partial<Facts> = {}): Facts => ({
  declared: DECLARED,
  found: FOUND,
  images: [],
  unused: new Set(),
  copiedFor: new Map(),
  releases: ["r1", "r0-2"],
  live: "r1",
  ...more,
});
const withVolumes = (...volumes: { name: string; part: string }[]) => ({ ...FOUND, volumes: [...FOUND.volumes, ...volumes] });
const names = (more: Partial<Facts>) => surplusOf(facts(more)).map(({ kind, name, data }) => `${kind} ${name}${data ? " (data)" : ""}`);

test("of a stack in which all is needed there is nothing", () => {
  expect(surplusOf(facts({ unused: new Set(["data-1", "secrets-1"]) }))).toEqual([]); // as after a stop of all containers
});

test("images of releases that can be brought back stay, whatever settings they went live with", () => {
  const images = [
    { name: "berth-dev:r1", id: "1" },
    { name: "berth-dev:r0", id: "2" },
    { name: "berth-dev:old", id: "3" },
  ];
  expect(names({ images })).toEqual(["image berth-dev:old"]);
});

test("an image that a failed release runs stays under one name", () => {
  const found = foundWith({ name: "web-3", part: "web", image: "3" });
  const declared = {
    ...DECLARED,
    containers: [...DECLARED.containers, { ...(DECLARED.containers[0] as (typeof DECLARED.containers)[0]), id: "id-web-3", name: "web-3" }],
  };
  expect(names({ found, declared, images: [{ name: "berth-dev:old", id: "3" }] })).toEqual([]);
  expect(
    names({
      found,
      declared,
      images: [
        { name: "berth-dev:old", id: "3" },
        { name: "berth-dev:r1", id: "3" },
      ],
    }),
  ).toEqual(["image berth-dev:old"]);
});

test("copies go, and that of the live release only with the data", () => {
  const found = withVolumes(
    { name: "copy-0", part: "snapshot" },
    { name: "copy-1", part: "snapshot" },
    { name: "copy-2", part: "snapshot" },
  );
  const copiedFor = new Map([
    ["copy-0", "r0"],
    ["copy-1", "r1"],
    ["copy-2", "r2"],
  ]);
  // Copy-2 is at work
  expect(names({ found, copiedFor, unused: new Set(["copy-0", "copy-1"]) })).toEqual(["volume copy-0", "volume copy-1 (data)"]);
  expect(names({ found, copiedFor, unused: new Set(["copy-0"]), live: undefined })).toEqual(["volume copy-0 (data)"]);
});

test("data that Pulumi does not know and nothing mounts are named as data; those that it knows are never", () => {
  const found = withVolumes({ name: "kept", part: "data" }, { name: "in-use", part: "data" });
  expect(names({ found, unused: new Set(["kept", "data-1"]) })).toEqual(["volume kept (data)"]);
});

test("what cut-off commands have left goes, and what is at work stays", () => {
  const helper = (name: string, state: string): Partial<FoundContainer> & { name: string } => ({ name, part: "helper", state });
  const found = {
    ...foundWith(helper("done", "created"), helper("working", "running"), { name: "web-9", part: "web" }),
    volumes: [
      ...FOUND.volumes,
      { name: "secrets-9", part: "secrets" },
      { name: "secrets-8", part: "secrets" },
      { name: "record", part: "backup" },
    ],
  };
  expect(names({ found, unused: new Set(["secrets-9", "record"]) })).toEqual(["container web-9", "container done", "volume secrets-9"]);
});

describe("of containers that Pulumi does not know, because its record was brought back from an earlier one,", () => {
  const found = foundWith({ name: "web-8", part: "web" }, { name: "web-9", part: "web", state: "exited" });

  test("those that the gateway leads to stay", () => {
    const routes = [{ service: "app", host: "*", targets: ["web-8:8080"], state: "running" }];
    expect(names({ found: { ...found, routes } })).toEqual(["container web-9"]);
  });

  test("those that run stay while the gateway does not tell where it leads", () => {
    expect(names({ found: { ...found, routes: "silent" } })).toEqual(["container web-9"]);
  });

  test("all go where no gateway runs", () => {
    expect(names({ found: { ...found, routes: "none" } })).toEqual(["container web-8", "container web-9"]);
  });

  test("a gateway stays where it is the only one that runs", () => {
    const gateway = { name: "gateway-9", part: "gateway" };
    expect(names({ found: foundWith(gateway) })).toEqual(["container gateway-9"]);
    expect(names({ found: foundWith(gateway, { name: "gateway", state: "exited" }) })).toEqual([]);
  });
});
