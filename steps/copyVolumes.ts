/** Copies volumes into others, or back, in a container of a fixed name: so there is never a second one. */
import {
  type ContainerSpec,
  createContainer,
  findContainer,
  logsOf,
  type Mount,
  removeContainer,
  startContainer,
  stopContainer,
} from "../engine/containers.ts";
import { LABEL, labels, type Owner, stem } from "../release/labels.ts";
import { endOf } from "./runJob.ts";
import { StepError } from "./step.ts";

export interface CopyInput {
  readonly owner: Owner;
  /** Image with a shell, `cp` and `find`. */
  readonly image: string;
  /** Engine's names of the volumes, and of their copies. */
  readonly volumes: readonly { readonly volume: string; readonly copy: string }[];
}

/** Hours that the copying may take. */
export const HOURS = 24;

/** What one of these containers is called. */
export const nameFor = (owner: Owner, what: string): string => `${stem(owner)}-${what}`;

/** Where the file system can, a copy takes neither time nor room; holes stay holes. */
const COPY = "cp -a --reflink=auto --sparse=always";

const COMMANDS = {
  snapshot: (index: number) => `${COPY} /data/${index}/. /copy/${index}/`,
  restore: (index: number) => `find /data/${index} -mindepth 1 -delete && ${COPY} /copy/${index}/. /data/${index}/`,
};

/**
 * Copies all volumes. The container of "snapshot" stays, the one of "restore" goes.
 * @param more labels @throws StepError where there is no room, for instance
 */
export async function copyVolumes(input: CopyInput, what: keyof typeof COMMANDS, more: ContainerSpec["Labels"] = {}): Promise<void> {
  const { owner, image, volumes } = input;
  const mounts = volumes.flatMap(({ volume, copy }, index): Mount[] => [
    { Type: "volume", Source: volume, Target: `/data/${index}` },
    { Type: "volume", Source: copy, Target: `/copy/${index}`, ...(what === "restore" && { ReadOnly: true }) },
  ]);
  const failed = what === "snapshot" ? "the volumes could not be copied, and nothing was migrated" : "the volumes could not be copied back";
  const script = volumes.map((_, index) => COMMANDS[what](index)).join("\n");
  await runToItsEnd(nameFor(owner, what), shellSpec({ ...labels(owner, "snapshot"), ...more }, image, mounts, script), failed);
  if (what === "restore") await removeContainer(nameFor(owner, what));
}

/** A container that runs a script as root on what it mounts, and can do nothing else. */
export const shellSpec = (marks: ContainerSpec["Labels"], image: string, mounts: readonly Mount[], script: string): ContainerSpec => ({
  Image: image,
  Labels: marks,
  User: "0",
  Entrypoint: ["sh", "-ec"],
  Cmd: [script],
  HostConfig: {
    NetworkMode: "none",
    ReadonlyRootfs: true,
    SecurityOpt: ["no-new-privileges:true"],
    CapDrop: ["ALL"],
    CapAdd: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"],
    Mounts: mounts,
  },
});

/**
 * Makes a container in the place of an earlier one, and waits for its end.
 * @param failed what a bad end means, in words @throws StepError after a bad one
 */
export async function runToItsEnd(name: string, spec: ContainerSpec, failed: string): Promise<void> {
  const before = await findContainer(name);
  const foreign = before !== undefined && before.Config.Labels[LABEL.part] !== spec.Labels[LABEL.part];
  if (foreign) throw new StepError(`${failed}: container ${name} is there, and none of Berth's helpers`);
  if (before) await removeContainer(name);
  await createContainer(spec, name);
  await startContainer(name);
  const code = await endOf(name, HOURS * 3600);
  if (code === undefined) await stopContainer(name, 5);
  if (code === undefined) throw new StepError(`${failed}: it took longer than ${HOURS} hours`);
  if (code !== 0) throw new StepError(`${failed}: ${(await logsOf(name)).trim() || `exit code ${code}`}`);
}
