import { lookAtEngine, routedIn } from "../../../engine/found.ts";
import { containersOf } from "../../../engine/stackContainers.ts";
import type { Answer } from "../../support/fakeEngine.ts";
import { inspected, listed, useEngine } from "../../support/useEngine.ts";

const OWNER = { project: "berth", stack: "dev" };
const LIST = "SERVICE  HOST  PATH  TARGET  STATE  TLS\napp      *     /     web-1:8080  running  no";
const gateway = {
  to: "containers label=berth.project=berth label=berth.stack=dev label=berth.part=gateway status=running",
  json: [listed("gateway")],
};
const rest: readonly Answer[] = [{ to: "containers", json: [] }, { to: "volumes" }, { to: "networks" }];

test("tells containers, networks and volumes of the stack, less those that have gone since they were listed", async () => {
  const engine = useEngine([
    { to: "containers all", json: [listed("web-1"), listed("web-0")] },
    { to: "inspect id-web-1", json: inspected("web-1", { "berth.part": "web", "berth.release": "r1" }, { Health: { Status: "healthy" } }) },
    { to: "inspect id-web-0", status: 404 },
    {
      to: "networks",
      json: [
        { Id: "id-net", Name: "net", Labels: {} },
        { Id: "id-old", Name: "old", Labels: {} },
      ],
    },
    { to: "network id-net", json: { Id: "id-net", Name: "net", Labels: {}, Containers: { "id-web-1": { Name: "web-1" } } } },
    { to: "network id-old", status: 404 },
    {
      to: "volumes",
      json: {
        Volumes: [
          { Name: "data-1", Labels: { "berth.part": "data" } },
          { Name: "bare", Labels: null },
        ],
      },
    },
    { to: "containers" },
  ]);
  const { time: _, ...found } = await lookAtEngine(OWNER);
  expect(found).toEqual({
    containers: [
      {
        ...{ id: "id-web-1", name: "web-1", part: "web", release: "r1", image: "sha256:1", env: ["PORT=8080"] },
        ...{ state: "running", health: "healthy", exitCode: 0, restarts: 0, started: Date.parse("2026-01-01T00:00:00Z") },
        ...{ memory: 512 * 1024 ** 2, cpus: 1, pids: 256, networks: ["net"] },
      },
    ],
    networks: [{ id: "id-net", name: "net", attached: [{ id: "id-web-1", name: "web-1" }] }],
    volumes: [
      { name: "data-1", part: "data" },
      { name: "bare", part: "" },
    ],
    routes: "none",
  });
  expect(engine.calls()).toContain("containers all label=berth.project=berth label=berth.stack=dev");
});

test("an engine that fails while a container is asked for is no container that is gone", async () => {
  const answers = [{ to: "containers all", json: [listed("web-1")] }, { to: "inspect id-web-1", status: 500, message: "broken" }, ...rest];
  useEngine(answers);
  await expect(lookAtEngine(OWNER)).rejects.toThrow(/refused container id-web-1: broken/);
  useEngine(answers);
  await expect(containersOf(OWNER)).rejects.toThrow(/refused container id-web-1: broken/);
});

describe("the routes", () => {
  test("are those that the gateway tells", async () => {
    useEngine([gateway, { to: "exec id-gateway kamal-proxy list", stdout: LIST }, ...rest]);
    const { routes } = await lookAtEngine(OWNER);
    expect(routes).toEqual([{ service: "app", host: "*", targets: ["web-1:8080"], state: "running" }]);
    expect(routedIn({ routes })).toEqual(["web-1"]);
  });

  test("are none where no gateway runs", async () => {
    useEngine(rest);
    expect(await lookAtEngine(OWNER)).toMatchObject({ routes: "none" });
    expect(routedIn({ routes: "none" })).toEqual([]);
  });

  test.each<[string, Omit<Answer, "to">]>([
    ["hangs", { open: 5 }],
    ["does not take commands yet", { stderr: "dial unix: no such file", exit: 1 }],
    ["has ended since it was listed", { status: 409, message: "container gateway is not running" }],
  ])("are not known of a gateway that %s, which is not started", async (_, answer) => {
    const engine = useEngine([gateway, { to: "exec id-gateway", ...answer }, ...rest]);
    const { routes } = await lookAtEngine(OWNER, 0.3);
    expect(routes).toBe("silent");
    expect(routedIn({ routes })).toBeUndefined();
    expect(engine.calls().filter((call) => call.startsWith("start"))).toEqual([]);
  });

  test("are an error where it is the engine that fails", async () => {
    useEngine([gateway, { to: "exec id-gateway", status: 500, message: "out of order" }, ...rest]);
    await expect(lookAtEngine(OWNER)).rejects.toThrow(/ refused to run kamal-proxy list in container id-gateway: out of order$/);
  });

  test("are not known where one of two gateways does not tell them", async () => {
    const two = { ...gateway, json: [listed("gateway"), listed("gateway-0")] };
    useEngine([two, { to: "exec id-gateway kamal", stdout: LIST }, { to: "exec id-gateway-0", exit: 1 }, ...rest]);
    expect(await lookAtEngine(OWNER)).toMatchObject({ routes: "silent" });
  });

  test("are asked in vain of an engine that breaks", async () => {
    useEngine([{ ...gateway, breaks: true }, ...rest]);
    await expect(lookAtEngine(OWNER)).rejects.toThrow(/the connection to the Docker engine .* broke/);
  });
});

test("a person's list has the containers by their names, with what a label says of each", async () => {
  useEngine([
    { to: "containers all", json: [listed("web-1"), listed("db")] },
    { to: "inspect id-web-1", json: inspected("web-1", { "berth.part": "web", "berth.release": "r1" }, { Status: "restarting" }) },
    {
      to: "inspect id-db",
      json: inspected("db", { "berth.part": "accessory", "berth.accessory": "database" }, { Health: { Status: "starting" } }),
    },
  ]);
  const same = { restarts: 0, since: "2026-01-01 00:00:00" };
  expect(await containersOf(OWNER)).toEqual([
    { name: "db", part: "accessory", release: "", accessory: "database", state: "running", health: "starting", ...same },
    { name: "web-1", part: "web", release: "r1", accessory: "", state: "restarting", health: "", ...same },
  ]);
});
