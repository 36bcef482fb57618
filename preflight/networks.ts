/** Whether the engine has an address range left for a stack's network: it has some thirty, and says so only in the middle of an update. */
import { BlockList, isIPv4 } from "node:net";
import { EngineError } from "../docker/engineError.ts";
import { engineInfo } from "../engine/engine.ts";
import { labels, ownedBy, type Owner } from "../release/labels.ts";
import { createNetwork, listNetworks, removeNetwork } from "../engine/networks.ts";

/** Addresses that the engine takes ranges from, and the length of each range's prefix. */
export interface Pool {
  readonly Base: string;
  readonly Size: number;
}

/** What an engine has that names no pools: Docker's own since 18.09 (moby, libnetwork's ipamutils). */
export const USUAL_POOLS: readonly Pool[] = [
  ...Array.from({ length: 15 }, (_, index) => ({ Base: `172.${17 + index}.0.0/16`, Size: 16 })),
  { Base: "192.168.0.0/16", Size: 20 },
];

/**
 * One line where a new stack would find no room for its network.
 * @param sure whether to try it, with a network that is gone at once: ranges that the host itself uses count for nothing, and only
 * the engine knows them. A preview leaves it at counting. @throws EngineError
 */
export async function findNetworkProblem(owner: Owner, sure: boolean): Promise<string | undefined> {
  const [own, all, { DefaultAddressPools }] = await Promise.all([listNetworks(ownedBy(owner)), listNetworks({}), engineInfo()]);
  if (own.length > 0) return undefined;
  const pools = DefaultAddressPools && DefaultAddressPools.length > 0 ? DefaultAddressPools : USUAL_POOLS;
  const { used, room } = rangesOf(
    pools,
    all.flatMap(({ IPAM }) => (IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? [])),
  );
  const full = used >= room || (sure && !(await isRoom(owner)));
  return full
    ? `the engine has no address range left for another network (it has ${all.length}): remove one that nobody needs (docker network prune), or give the engine more with default-address-pools in its daemon.json`
    : undefined;
}

async function isRoom(owner: Owner): Promise<boolean> {
  try {
    await removeNetwork(await createNetwork(`${owner.project}-${owner.stack}-room`, labels(owner, "helper")));
    return true;
  } catch (error) {
    if (error instanceof EngineError && /non-overlapping|address pool|fully subnetted/.test(error.words)) return false;
    throw error;
  }
}

/** How many ranges these pools have, and how many of them these subnets take. Pure. */
export function rangesOf(pools: readonly Pool[], subnets: readonly string[]): { used: number; room: number } {
  const parsed = pools.map(({ Base, Size }) => ({ list: listOf(Base), room: 2 ** (Size - Number(Base.split("/")[1])) }));
  const inside = subnets.filter(
    (subnet) => isIPv4(subnet.split("/")[0] ?? "") && parsed.some(({ list }) => list.check(subnet.split("/")[0] ?? "")),
  );
  return { used: inside.length, room: parsed.reduce((sum, { room }) => sum + Math.max(1, room), 0) };
}

function listOf(base: string): BlockList {
  const [address = "", prefix] = base.split("/");
  const list = new BlockList();
  list.addSubnet(address, Number(prefix), isIPv4(address) ? "ipv4" : "ipv6");
  return list;
}
