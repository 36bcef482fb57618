import { removalsFor, removeLeftHolders, removeOrphans } from "../../../commands/update/leftovers.ts";
import type { PulumiCli } from "../../../stack/pulumiCli.ts";
import { DECLARED, FOUND, foundWith, ROUTES } from "../../support/stackView.ts";
import { inspected, listed, useEngine } from "../../support/useEngine.ts";

const OWNER = { project: "berth", stack: "dev" };
const left = {
  ...foundWith({ name: "web-9" }, { name: "gateway-9", part: "gateway" }),
  networks: [...FOUND.networks, { id: "id-net-9", name: "net-9", attached: [] }],
  volumes: [...FOUND.volumes, { name: "secrets-9", part: "secrets" }, { name: "data-9", part: "data" }],
  routes: [...ROUTES, { service: "gate-r0", host: "x.invalid", targets: [], state: "running" }],
};
const names = (...args: Parameters<typeof removalsFor>) => removalsFor(...args).map(({ kind, name }) => `${kind} ${name}`);
const ALL = ["route gate-r0", "container web-9", "container gateway-9", "network net-9", "volume secrets-9"];

test("what was left goes, routes first, as far as it is still there", () => {
  expect(names(DECLARED, left, left)).toEqual(ALL);
  expect(names(DECLARED, left, FOUND)).toEqual([]);
  expect(names(DECLARED, FOUND, left)).toEqual([]); // it may be another update's, which has not written it down yet
});

test("what the gateway leads to stays, and all that runs where it does not tell", () => {
  const serving = { ...left, routes: [{ service: "app", host: "*", targets: ["web-9:8080"], state: "running" }] };
  expect(names(DECLARED, left, serving)).toEqual(["container gateway-9", "network net-9", "volume secrets-9"]);
  expect(names(DECLARED, left, { ...left, routes: "silent" })).toEqual(["container gateway-9", "network net-9", "volume secrets-9"]);
});

test("of a stack that is removed nothing stays, whoever it serves", () => {
  const gone = { ...DECLARED, containers: [], networks: [], volumes: [], route: undefined };
  expect(names(gone, left, { ...left, routes: "silent" })).toContain("container web-9");
});

describe("on the engine", () => {
  let said: string[];
  beforeEach(() => {
    said = [];
    jest.spyOn(console, "log").mockImplementation((line: string) => void said.push(line));
  });

  test("each is removed, and one that cannot be is told of with the engine's words", async () => {
    const before = { declared: DECLARED, found: foundWith({ name: "web-9" }, { name: "web-8" }) };
    const engine = useEngine([
      { to: "containers all", json: [listed("web-8"), listed("web-9")] },
      { to: "inspect id-web-8", json: inspected("web-8", { "berth.part": "web" }) },
      { to: "inspect id-web-9", json: inspected("web-9", { "berth.part": "web" }) },
      { to: "containers" },
      { to: "volumes" },
      { to: "networks" },
      { to: "remove web-9", status: 500, message: "device is busy" },
      { to: "remove web-8" },
    ]);
    await removeOrphans(
      {
        env: { PULUMI_BACKEND_URL: "s3://bucket" },
        read: () => Promise.resolve('{"deployment":{"resources":[]}}'),
      } as unknown as PulumiCli,
      "dev",
      OWNER,
      before,
    );
    expect(said).toEqual([
      expect.stringMatching(
        /^Left container web-9, which an update that was cut off had left: .* refused to remove container web-9: device is busy$/,
      ),
      "Removed container web-8, which an update that was cut off had left.",
    ]);
    expect(engine.calls().filter((call) => call.startsWith("remove"))).toEqual(["remove web-9", "remove web-8"]);
  });

  test("a database that holds its name is stopped before it is removed, and not removed where that fails", async () => {
    const found = foundWith({ name: "db-9", part: "accessory" });
    const engine = useEngine([{ to: "stop db-9 t=60", times: 1 }, { to: "stop", status: 500, message: "cannot stop" }, { to: "remove" }]);
    await removeLeftHolders({ declared: DECLARED, found }, true);
    expect(engine.calls()).toEqual(["stop db-9 t=60", "remove db-9"]);
    await expect(removeLeftHolders({ declared: DECLARED, found }, true)).rejects.toThrow(/cannot stop/);
    expect(engine.calls()).toHaveLength(3);
    const words = /has left accessory db-9, which holds its name and its data: run npm run up -- --yes/;
    await expect(removeLeftHolders({ declared: DECLARED, found }, false)).rejects.toThrow(words);
  });
});
