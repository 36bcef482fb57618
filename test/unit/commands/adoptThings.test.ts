import { pack } from "tar-stream";
import { buffer } from "node:stream/consumers";
import { readRecord } from "../../../commands/adopt/past.ts";
import { readThings } from "../../../commands/adopt/things.ts";
import type { Found } from "../../../engine/found.ts";
import { RECORD_FILE } from "../../../engine/gatewayWords.ts";
import { container, things } from "../../support/adoption.ts";
import { OWNER } from "../../support/configuration.ts";
import type { Answer } from "../../support/fakeEngine.ts";
import { inspected, useEngine } from "../../support/useEngine.ts";

const found = (more: Partial<Found> = {}): Found => ({
  time: 0,
  containers: ["web-1", "web-2", "db"].map((name) => ({ id: `id-${name}`, name, state: "running" })) as unknown as Found["containers"],
  networks: [{ id: "id-net", name: "net", attached: [{ id: "id-web-1", name: "web-1" }] }],
  volumes: [],
  routes: [{ service: "berth-dev", host: "", targets: ["web-1:8080"], state: "running" }],
  ...more,
});
const mounting = (name: string, part: string, volume?: string) => ({
  ...inspected(name, { "berth.part": part }),
  Mounts: volume
    ? [
        { Type: "volume", Name: volume, Source: "", Destination: "/data", RW: true },
        { Type: "bind", Source: "/etc/x", Destination: "/x", RW: false },
      ]
    : [],
});
const ANSWERS: Answer[] = [
  { to: "inspect id-web-1", json: mounting("web-1", "web", "data-1") },
  { to: "inspect id-web-2", json: mounting("web-2", "web", "data-0") },
  { to: "inspect id-db", json: mounting("db", "accessory") },
  { to: "networks ", json: [{ Id: "id-net", Name: "net", Labels: { "berth.part": "gateway" } }] },
  {
    to: "volumes ",
    json: {
      Volumes: [
        { Name: "data-0", Labels: { "berth.part": "data" } },
        { Name: "data-1", Labels: null },
      ],
    },
  },
  {
    to: "images",
    json: [
      { Id: "sha256:1", RepoTags: ["berth-dev:r1", "berth-dev:r0"] },
      { Id: "sha256:2", RepoTags: ["<none>:<none>"] },
      { Id: "sha256:3", RepoTags: null },
    ],
  },
];

describe("what a stack has on the engine", () => {
  test("is told with its labels, and with whether what serves needs it", async () => {
    useEngine(ANSWERS);
    const { containers, networks, volumes, images } = await readThings(OWNER, found());
    expect(containers.map(({ name, serves, volumes: mounts }) => ({ name, serves, mounts }))).toEqual([
      { name: "web-1", serves: true, mounts: { "/data": "data-1" } },
      { name: "web-2", serves: false, mounts: { "/data": "data-0" } },
      { name: "db", serves: true, mounts: {} },
    ]);
    expect(containers[0]).toMatchObject({
      id: "id-web-1",
      image: "sha256:1",
      created: "2026-01-01T00:00:00Z",
      labels: { "berth.part": "web" },
    });
    expect(networks).toEqual([{ id: "id-net", name: "net", labels: { "berth.part": "gateway" }, serves: true }]);
    expect(volumes).toEqual([
      { id: "data-0", name: "data-0", labels: { "berth.part": "data" }, serves: false },
      { id: "data-1", name: "data-1", labels: {}, serves: true },
    ]);
    expect(images).toEqual({ "berth-dev:r1": "sha256:1", "berth-dev:r0": "sha256:1" });
  });

  test("is less a container that has gone meanwhile, and not less one that cannot be asked for", async () => {
    useEngine([{ to: "inspect id-web-2", status: 404 }, ...ANSWERS]);
    expect((await readThings(OWNER, found())).containers.map(({ name }) => name)).toEqual(["web-1", "db"]);
    useEngine([{ to: "inspect id-web-2", status: 500, message: "busy" }, ...ANSWERS]);
    await expect(readThings(OWNER, found())).rejects.toThrow(/busy$/);
  });

  test("is not known where the gateway does not tell what serves", async () => {
    useEngine(ANSWERS);
    await expect(readThings(OWNER, found({ routes: "silent" }))).rejects.toThrow(
      "the gateway of stack dev runs and does not tell its routes, so what serves cannot be known. Nothing was changed.",
    );
  });
});

describe("the record in the gateway", () => {
  const on = things({ containers: [container("gw", { "berth.part": "gateway" })] });
  const stat: Answer = { to: `stat id-gw ${RECORD_FILE}`, json: { name: "x", size: 1, mode: 0o400, linkTarget: "" } };
  const file = async (content: string): Promise<Answer> => {
    const writer = pack();
    writer.entry({ name: "berth-record.json" }, content);
    writer.finalize();
    return { to: `read id-gw ${RECORD_FILE}`, bytes: await buffer(writer) };
  };

  test("is what it remembers; an older Berth left none, and without a gateway there is none", async () => {
    useEngine([stat, await file('{"releases":[],"key":"abc"}')]);
    expect(await readRecord(on)).toEqual({ releases: [], key: "abc" });
    useEngine([
      { to: "stat id-gw", status: 404 },
      { to: "inspect id-gw", json: inspected("gw") },
    ]);
    expect(await readRecord(on)).toBeUndefined();
    expect(await readRecord(things({}))).toBeUndefined();
  });

  test("is not taken for none where it cannot be read", async () => {
    useEngine([{ to: "stat id-gw", status: 500 }]);
    await expect(readRecord(on)).rejects.toThrow(/status 500$/);
    useEngine([stat, { to: "read id-gw", breaks: true }]);
    await expect(readRecord(on)).rejects.toThrow(/berth-record\.json/);
    useEngine([stat, await file('{"releases":')]);
    await expect(readRecord(on)).rejects.toThrow(/^what gateway gw remembers cannot be read .* Nothing was changed$/);
  });
});
