import { aidRoute, giveAid } from "../../../commands/update/giveAid.ts";
import type { Route } from "../../../release/route.ts";
import { useEngine } from "../../support/useEngine.ts";
import { DECLARED } from "../../support/stackView.ts";

let said: string[];
beforeEach(() => {
  said = [];
  jest.spyOn(console, "log").mockImplementation((line: string) => void said.push(line));
});

const LIST = (targets: string) => `SERVICE  HOST  PATH  TARGET  STATE  TLS\napp      *     /     ${targets}  running  no`;
const route: Route = { ...(DECLARED.route as NonNullable<typeof DECLARED.route>).input, targets: ["web-2"] };

test("each aid is done and told, and what fails is left to the update", async () => {
  const gone = { to: "start gone", status: 404, message: "No such container: gone" };
  const engine = useEngine([gone, { to: "start" }, { to: "unpause" }, { to: "create volume" }, { to: "update" }]);
  await giveAid([
    { do: "make volume", name: "data-1", labels: { "berth.stack": "dev" } },
    { do: "unpause", name: "web-1" },
    { do: "start", name: "gone" },
    { do: "start", name: "gateway" },
    { do: "set limits", name: "web-1", memory: 1024, cpus: 0.5, pids: 9 },
    { do: "set limits", name: "web-2", memory: 1024, cpus: 1, pids: undefined },
  ]);
  expect(said).toEqual([
    "  volume data-1 made again, empty",
    "  web-1 unpaused",
    expect.stringMatching(/^ {2}left to the update: the Docker engine at .* refused to start container gone: No such container: gone$/),
    "  gateway started",
    "  limits of web-1 set back",
    "  limits of web-2 set back",
  ]);
  expect(engine.sent("create volume")).toEqual([{ Name: "data-1", Labels: { "berth.stack": "dev" } }]);
  expect(engine.sent("update")).toEqual([
    { Memory: 1024, MemorySwap: 1024, NanoCpus: 5e8, PidsLimit: 9 },
    { Memory: 1024, MemorySwap: 1024, NanoCpus: 1e9 },
  ]);
});

describe("the traffic", () => {
  test("is led past what does not answer, also while the old requests are still drained", async () => {
    const engine = useEngine([
      { to: "exec gateway kamal-proxy deploy", open: 10 },
      { to: "exec gateway kamal-proxy list", stdout: LIST("web-2:8080") },
      { to: "exec gateway kamal-proxy resume" },
    ]);
    await aidRoute(route);
    expect(said).toEqual(["  traffic goes to web-2"]);
    expect(engine.calls().at(-1)).toBe("exec gateway kamal-proxy resume app");
  });

  test.each([
    ["refuses", { exit: 1, stderr: "Error: target is not healthy" }, "the gateway refused deploy: target is not healthy"],
    ["has not done it yet", { open: 10 }, "gateway gateway has not switched within 3 s"],
  ])("is not said to go anywhere where the gateway %s", async (_, answer, why) => {
    const engine = useEngine([
      { to: "exec gateway kamal-proxy deploy", ...answer },
      { to: "exec gateway kamal-proxy list", stdout: LIST("web-1:8080") },
    ]);
    await aidRoute(route);
    expect(said).toEqual([`  left to the update: ${why}`]);
    expect(engine.calls().some((call) => call.includes("resume"))).toBe(false);
  });
});
