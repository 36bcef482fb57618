/** What a container may see of the world outside it: values, not resources. Pure. */
import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";

/** A named volume, writable unless said otherwise. */
export const volumeMount = (
  source: pulumi.Input<string>,
  target: string,
  { readOnly = false } = {},
): docker.types.input.ContainerMount => ({
  type: "volume",
  source,
  target,
  readOnly,
});

/** A folder of the engine's host, read-only unless said otherwise. */
export const bindMount = (source: string, target: string, { readOnly = true } = {}): docker.types.input.ContainerMount => ({
  type: "bind",
  source,
  target,
  readOnly,
});

/** Options of a memory file system that anyone may write and nobody may run programs from. */
export const tmpfsMount = (mebibytes: number): string => `rw,noexec,nosuid,nodev,mode=1777,size=${mebibytes}m`;
