import { existsSync } from "node:fs";
import { run } from "./run.ts";

/** The network namespace of an engine that runs beside the machine's own, joined to the machine's network. */
export interface EngineNetwork {
  /** The namespace's name for `ip netns`; also the comment on the firewall rules. */
  readonly name: string;
  /** The machine's end of the cable between the two. */
  readonly link: string;
}

/** The namespace's path, for `nsenter --net=`. */
export function namespacePath(network: EngineNetwork): string {
  return `/run/netns/${network.name}`;
}

/** The networks to choose from: 10.213.<n>.0/30. */
const PREFIX = "10.213";

/**
 * Makes the namespace with a cable to the machine, through which containers in it reach what the machine reaches. The
 * machine's own engine drops what it does not know, so two rules let exactly this cable pass.
 * Returns the namespace's address on the cable.
 */
export async function joinNetwork(network: EngineNetwork): Promise<string> {
  const { name, link } = network;
  await leaveNetwork(network);
  const subnet = await freeSubnet();
  await run("ip", ["netns", "add", name]);
  await run("ip", ["link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name]);
  await run("ip", ["address", "add", `${subnet}.1/30`, "dev", link]);
  await run("ip", ["link", "set", link, "up"]);
  await run("ip", ["-n", name, "address", "add", `${subnet}.2/30`, "dev", "eth0"]);
  await run("ip", ["-n", name, "link", "set", "lo", "up"]);
  await run("ip", ["-n", name, "link", "set", "eth0", "up"]);
  await run("ip", ["-n", name, "route", "add", "default", "via", `${subnet}.1`]);
  await run("sysctl", ["-q", "-w", "net.ipv4.ip_forward=1"]);
  const ours = ["-m", "comment", "--comment", name];
  await run("iptables", ["-w", "-t", "nat", "-I", "POSTROUTING", "-s", `${subnet}.0/30`, "!", "-o", link, ...ours, "-j", "MASQUERADE"]);
  await run("iptables", ["-w", "-I", "FORWARD", "-i", link, ...ours, "-j", "ACCEPT"]);
  const answers = ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED"];
  await run("iptables", ["-w", "-I", "FORWARD", "-o", link, ...answers, ...ours, "-j", "ACCEPT"]);
  return `${subnet}.2`;
}

/** Takes away all that `joinNetwork` has made, also where that was cut off in the middle. */
export async function leaveNetwork(network: EngineNetwork): Promise<void> {
  for (const table of ["nat", "filter"]) {
    const rules = (await run("iptables", ["-w", "-t", table, "-S"])).split("\n");
    for (const rule of rulesToDelete(rules, network.name)) await run("iptables", ["-w", "-t", table, ...rule]);
  }
  if (existsSync(`/sys/class/net/${network.link}`)) await run("ip", ["link", "delete", network.link]);
  if (existsSync(namespacePath(network))) await run("ip", ["netns", "delete", network.name]);
}

/** The namespace's address on the cable, while it is joined. */
export async function namespaceAddress(network: EngineNetwork): Promise<string | undefined> {
  const lines = await run("ip", ["-n", network.name, "-4", "-o", "address", "show", "dev", "eth0"]).catch(() => "");
  return / inet ([\d.]+)\//.exec(lines)?.[1];
}

/** From the output of `iptables -S`, the words that delete the rules with the comment `name`. */
export function rulesToDelete(rules: readonly string[], name: string): string[][] {
  return rules
    .filter((rule) => rule.startsWith("-A ") && new RegExp(`--comment "?${name}"?( |$)`).test(rule))
    .map((rule) => rule.replace(/^-A /, "-D ").replaceAll('"', "").split(" "));
}

async function freeSubnet(): Promise<string> {
  const taken = await run("ip", ["-4", "route", "show", "table", "all"]);
  for (let n = 0; n < 256; n++) {
    if (!taken.includes(`${PREFIX}.${n}.`)) return `${PREFIX}.${n}`;
  }
  throw new Error(`no network is free in ${PREFIX}.0.0/16`);
}
