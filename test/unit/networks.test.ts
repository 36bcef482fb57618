import { chooseEngine } from "../../engine/engine.ts";
import { findNetworkProblem, rangesOf, USUAL_POOLS } from "../../preflight/networks.ts";
import { OWNER } from "../support/configuration.ts";
import { type Answer, fakeEngine } from "../support/fakeEngine.ts";

const OWN = "networks label=berth.project=berth label=berth.stack=dev";
const networks = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    Id: String(index),
    IPAM: { Config: [{ Subnet: index < 15 ? `172.${17 + index}.0.0/16` : `192.168.${(index - 15) * 16}.0/20` }] },
  }));

function problem(
  count: number,
  { own = [] as object[], pools = undefined as object[] | undefined, tried = undefined as Answer | undefined } = {},
) {
  chooseEngine({
    host: fakeEngine([
      { to: OWN, json: own },
      { to: "networks", json: networks(count) },
      { to: "info", json: { DefaultAddressPools: pools } },
      ...(tried ? [tried, { to: "remove network" }] : []),
    ]).host,
    from: "the test",
  });
  return findNetworkProblem(OWNER, tried !== undefined);
}

test("an engine has room for 31 networks, if nothing was said otherwise", () => {
  expect(rangesOf(USUAL_POOLS, [])).toEqual({ used: 0, room: 31 });
});

test("only networks with addresses of the pools count", () => {
  expect(rangesOf([{ Base: "10.0.0.0/8", Size: 24 }], ["10.1.2.0/24", "172.17.0.0/16", "fd00::/64"])).toEqual({ used: 1, room: 65_536 });
});

test("a new stack is told before its first update that there is no room for its network", async () => {
  expect(await problem(30)).toBeUndefined();
  expect(await problem(31)).toMatch(
    /^the engine has no address range left for another network \(it has 31\): remove one that nobody needs/,
  );
  expect(await problem(31, { own: [{ Id: "own" }] })).toBeUndefined();
  expect(await problem(31, { pools: [{ Base: "172.16.0.0/12", Size: 24 }] })).toBeUndefined();
});

test("an update makes sure by a network that is gone at once, because the host's own ranges count for nothing", async () => {
  expect(await problem(3, { tried: { to: "create network", json: { Id: "tried" } } })).toBeUndefined();
  const full: Answer = {
    to: "create network",
    status: 500,
    message: "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network",
  };
  expect(await problem(3, { tried: full })).toMatch(/^the engine has no address range left for another network \(it has 3\)/);
  await expect(problem(3, { tried: { ...full, message: "disk full" } })).rejects.toThrow("disk full");
});
