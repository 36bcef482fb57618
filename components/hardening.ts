/** What every container of Berth is bound by (CIS Docker Benchmark, chapter 5). */
import { local } from "@pulumi/command";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { tmpfsMount } from "./mounts.ts";
import { stepCommand } from "./step.ts";
import { mebibytes } from "../settings/units.ts";

export interface Limits {
  /** Memory in bytes; swap is off, so that a leak ends in a restart and not in a slow host. */
  readonly memory: number;
  /** Number of processors, such as 0.5. */
  readonly cpus: number;
  /** Weight when processors are short; the gateway's is highest. */
  readonly cpuShares: number;
}

/** A number of processors in the form that the provider reads back; any other form is a difference at every refresh. */
export function processors(cpus: number): string {
  const digits = cpus.toFixed(9);
  return digits.split("0").length - 1 === 9 ? cpus.toFixed(1) : digits.replace(/0+$/, "");
}

/** Inputs that change in effect only with a new container, which the provider would report as updated in place. */
export const REPLACE_ON_CHANGES = ["healthcheck", "mounts", "init", "tmpfs", "cpuQuota", "cpuPeriod"];

/** Container inputs that keep an app in its place. */
export function hardened(limits: Limits) {
  return {
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    readOnly: true,
    tmpfs: { "/tmp": tmpfsMount(64) },
    init: true,
    ipcMode: "private",
    cpus: processors(limits.cpus),
    cpuShares: limits.cpuShares,
    memory: mebibytes(limits.memory),
    memorySwap: mebibytes(limits.memory), // equal to memory: no swap; unset, the daemon would store twice the memory
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "3" },
    restart: "unless-stopped", // CIS 5.15 asks for on-failure:5, which leaves a container down after the engine restarts
  } satisfies Partial<docker.ContainerArgs>;
}

/** The provider has no input for a limit of processes, so the engine is told after the containers are made. */
export function limitPids(
  name: string,
  containers: readonly pulumi.Output<string>[],
  pids: number,
  opts: pulumi.ResourceOptions,
): local.Command {
  return new local.Command(
    name,
    {
      create: stepCommand("limit"),
      environment: { CONTAINERS: pulumi.all([...containers]).apply((names) => names.join(" ")), PIDS: String(pids) },
    },
    opts,
  );
}
