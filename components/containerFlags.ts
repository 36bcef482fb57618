/** The options of `docker create` that say the same as a container's inputs: one description for replicas and jobs. Pure. */
import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";

/** Inputs whose values are known. */
export type PlainContainer = pulumi.Unwrap<docker.ContainerArgs>;

/** Of the inputs, those that Berth sets; see `replicaArgs` and `hardened`. */
export function containerFlags(args: PlainContainer): string[] {
  return [
    ...(args.networksAdvanced ?? []).flatMap(({ name }) => ["--network", name]),
    ...(args.user ? ["--user", args.user] : []),
    ...(args.envs ?? []).flatMap((entry) => ["--env", entry]),
    ...(args.labels ?? []).flatMap(({ label, value }) => ["--label", `${label}=${value}`]),
    ...(args.mounts ?? []).flatMap(mountWords),
    ...(args.capabilities?.drops ?? []).flatMap((name) => ["--cap-drop", name]),
    ...(args.securityOpts ?? []).flatMap((option) => ["--security-opt", option]),
    ...(args.readOnly ? ["--read-only"] : []),
    ...Object.entries(args.tmpfs ?? {}).flatMap(([path, options]) => ["--tmpfs", `${path}:${options}`]),
    ...(args.init ? ["--init"] : []),
    ...(args.ipcMode ? ["--ipc", args.ipcMode] : []),
    ...(args.cpus ? ["--cpus", args.cpus] : []),
    ...(args.cpuShares ? ["--cpu-shares", String(args.cpuShares)] : []),
    ...(args.memory ? ["--memory", `${args.memory}m`] : []),
    ...(args.memorySwap ? ["--memory-swap", `${args.memorySwap}m`] : []),
    ...(args.logDriver ? ["--log-driver", args.logDriver] : []),
    ...Object.entries(args.logOpts ?? {}).flatMap(([name, value]) => ["--log-opt", `${name}=${value}`]),
  ];
}

/** A mount as words of `docker`. The engine reads it as one line of CSV: a path may have a comma in it. */
export const mountWords = ({ type, source, target, readOnly }: NonNullable<PlainContainer["mounts"]>[number]): string[] => [
  "--mount",
  fields(`type=${type}`, `source=${source}`, `target=${target}`, ...(readOnly ? ["readonly"] : [])),
];

const fields = (...all: string[]): string => all.map((field) => (/[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",");
