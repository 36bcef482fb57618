/**
 * What the engine is told of a container that Pulumi does not make, in the same words as one that it does: replicas and jobs have one
 * description. Pure.
 */
import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { ContainerSpec, Mount } from "../engine/containers.ts";

/** Inputs whose values are known. */
export type PlainContainer = pulumi.Unwrap<docker.ContainerArgs>;

const MEBIBYTE = 1024 ** 2;

/** Of the inputs, those that Berth sets; see `replicaArgs` and `hardened`. */
export function containerSpec(args: PlainContainer, pids?: number): ContainerSpec {
  const {
    user,
    envs,
    labels = [],
    mounts = [],
    networksAdvanced = [],
    capabilities,
    securityOpts,
    tmpfs,
    cpus,
    cpuShares,
    memory,
    memorySwap,
    logDriver,
    logOpts,
  } = args;
  return {
    Image: args.image,
    ...(user && { User: user }),
    ...(envs && { Env: envs }),
    ...(args.command && { Cmd: args.command }),
    Labels: Object.fromEntries(labels.map(({ label, value }) => [label, value])),
    HostConfig: {
      ...(networksAdvanced[0] && { NetworkMode: networksAdvanced[0].name }),
      ...(mounts.length > 0 && { Mounts: mounts.map(mountOf) }),
      ...(capabilities?.drops && { CapDrop: capabilities.drops }),
      ...(capabilities?.adds && { CapAdd: capabilities.adds }),
      ...(securityOpts && { SecurityOpt: securityOpts }),
      ...(args.readOnly && { ReadonlyRootfs: true }),
      ...(tmpfs && { Tmpfs: tmpfs }),
      ...(args.init && { Init: true }),
      ...(args.ipcMode && { IpcMode: args.ipcMode }),
      ...(cpus && { NanoCpus: Math.round(Number(cpus) * 1e9) }),
      ...(cpuShares && { CpuShares: cpuShares }),
      ...(memory && { Memory: memory * MEBIBYTE }),
      ...(memorySwap && { MemorySwap: memorySwap * MEBIBYTE }),
      ...(pids !== undefined && { PidsLimit: pids }),
      ...(logDriver && { LogConfig: { Type: logDriver, Config: logOpts ?? {} } }),
    },
  };
}

/** A mount in the engine's words. */
export const mountOf = ({ type, source, target, readOnly }: NonNullable<PlainContainer["mounts"]>[number]): Mount => ({
  Type: type === "bind" ? "bind" : "volume",
  Source: source ?? "",
  Target: target,
  ...(readOnly && { ReadOnly: true }),
});
