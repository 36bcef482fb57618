/**
 * A copy of the volumes before a migration, and back again where it fails. What was live is stopped meanwhile and
 * requests wait, so that nobody writes between the copy and its return. The container that copies is the record of it: it
 * stays until all is done, and what a killed update has left is put right by it.
 */
import { labelWords, ownedBy, type Owner } from "../engine/labels.ts";
import { docker, tryDocker } from "../engine/docker.ts";
import { StepError, withRepair } from "./step.ts";
import { type HoldInput, serveAgain, takeOver } from "./hold.ts";
import { type JobSpec, runJob, stateOf } from "./runJob.ts";
import { findLive, type Live } from "../engine/live.ts";

export interface SnapshotInput extends Pick<HoldInput, "owner" | "gateway" | "service" | "drain" | "health"> {
  /** Image with a shell, `cp` and `find`. */
  readonly image: string;
  /** Engine's names of the volumes, and of their copies. */
  readonly volumes: readonly { readonly volume: string; readonly copy: string }[];
  /** Whether what was live serves again at the end: false where the caller holds requests already, and sees to that. */
  readonly alone: boolean;
}

/** What the record says. */
interface Begun {
  readonly input: SnapshotInput;
  readonly job: JobSpec;
}

/** Label of the record. */
const RECORD = "berth.snapshot";
const nameOf = ({ project, stack }: Owner, what: string): string => `${project}-${stack}-${what}`;
const holdOf = ({ input, job }: Begun): HoldInput => ({ ...input, candidates: [], workers: [], migration: { job, snapshot: input } });

/** Runs a migration. @throws StepError where it fails, with the data as they were and the name of their copy */
export async function runWithCopy(input: SnapshotInput, job: JobSpec): Promise<void> {
  await settle(input.owner);
  if ((await stateOf(job.container)) === "exited 0") return runJob(job); // it had come to its end when the update was cut off
  const begun = { input, job };
  const live = await findLive(input.gateway, input.service);
  try {
    if (input.alone) await takeOver(holdOf(begun), live);
    await copy(begun);
  } catch (error) {
    await end(begun, live).catch((second: unknown) => {
      throw withRepair(error, "What was live before could not be brought back, run the update again", second);
    });
    throw error;
  }
  try {
    await runJob(job);
  } catch (error) {
    await putBack(begun).then(() => end(begun, live)).catch((second: unknown) => {
      throw withRepair(error, `The data could not be put back, run the update again. Their copy is ${copiesOf(input)}`, second);
    });
    throw new StepError(`${(error as Error).message}\n  The data are as they were before it. Their copy stays until the next release is live: ${copiesOf(input)}`);
  }
  await end(begun, live);
}

const copiesOf = ({ volumes }: SnapshotInput): string => volumes.map(({ volume, copy: name }) => `${name} (of ${volume})`).join(", ");

/**
 * Puts right what a migration has left whose update was killed: it is waited for, and where it did not succeed the data
 * are put back; then what was live serves again. Returns whether there was anything to do.
 */
export async function settle(owner: Owner): Promise<boolean> {
  const record = nameOf(owner, "snapshot");
  const { code, stdout } = await tryDocker(["inspect", "--type", "container", "--format", `{{index .Config.Labels "${RECORD}"}}`, record]);
  if (code !== 0) return false;
  const begun = JSON.parse(stdout) as Begun;
  const { job, input } = begun;
  console.log(`The ${job.what} of release ${job.release} was cut off with its update.`);
  if ((await stateOf(record))?.startsWith("running")) await tryDocker(["wait", record]);
  if ((await stateOf(record)) === "exited 0" && !(await hasSucceeded(job))) {
    await tryDocker(["rm", "--force", job.container]);
    await putBack(begun);
    console.log(`The data are as they were before it. Their copy: ${copiesOf(input)}`);
  }
  await end({ input: { ...input, alone: true }, job }, await findLive(input.gateway, input.service));
  return true;
}

/** Waits for a job that still runs, as long as it may take. */
async function hasSucceeded(job: JobSpec): Promise<boolean> {
  if (!(await stateOf(job.container))?.startsWith("running")) return (await stateOf(job.container)) === "exited 0";
  return runJob(job).then(() => true, (error: Error) => {
    console.log(error.message);
    return false;
  });
}

/** New copies, complete once the container has ended with 0. @throws StepError where there is no room, for instance */
async function copy({ input, job }: Begun): Promise<void> {
  const { owner, volumes } = input;
  for (const { volume, copy: name } of volumes) {
    await tryDocker(["volume", "rm", name]); // of an earlier try
    await docker(["volume", "create", ...labelWords(owner, "snapshot", { "berth.release": job.release, "berth.copyOf": volume }), name]);
  }
  // Where the file system can, a copy takes neither time nor room; holes stay holes.
  await work(input, "snapshot", ["--label", `${RECORD}=${JSON.stringify({ input, job })}`], (index) => `cp -a --reflink=auto --sparse=always /data/${index}/. /copy/${index}/`);
}

/** Safe to repeat: a copy is never written to. */
const putBack = ({ input }: Begun): Promise<void> =>
  work(input, "restore", ["--rm"], (index) => `find /data/${index} -mindepth 1 -delete && cp -a --reflink=auto --sparse=always /copy/${index}/. /data/${index}/`, ",readonly");

/** Runs a command for each volume in a container of a fixed name, so that there is never a second one. */
async function work({ owner, image, volumes }: SnapshotInput, what: string, more: readonly string[], command: (index: number) => string, copies = ""): Promise<void> {
  const name = nameOf(owner, what);
  await tryDocker(["rm", "--force", name]);
  const mounts = volumes.flatMap(({ volume, copy: copied }, index) => ["--mount", `type=volume,source=${volume},target=/data/${index}`, "--mount", `type=volume,source=${copied},target=/copy/${index}${copies}`]);
  const bounds = ["--network", "none", "--read-only", "--security-opt", "no-new-privileges:true", "--cap-drop", "ALL", ...["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"].flatMap((capability) => ["--cap-add", capability])];
  const { code, stdout, stderr } = await tryDocker(["run", "--name", name, ...labelWords(owner, "snapshot"), ...more, ...bounds, "--user", "0", ...mounts, "--entrypoint", "sh", image, "-ec", volumes.map((_, index) => command(index)).join("\n")]);
  if (code !== 0) throw new StepError(`the volumes could not be copied, and nothing was migrated: ${(stderr || stdout).trim()}`);
}

/** What was live serves again, and the record goes. */
async function end(begun: Begun, live: Live | undefined): Promise<void> {
  const { input } = begun;
  if (input.alone && live) await serveAgain(holdOf(begun), live);
  await tryDocker(["rm", "--force", nameOf(input.owner, "snapshot")]);
}

/** Removes the copies that no longer serve: of releases before the live one, and of what failed since. */
export async function dropCopies(owner: Owner, live: string): Promise<void> {
  const format = '{{.Name}}\t{{.Label "berth.release"}}';
  const rows = await docker(["volume", "ls", ...ownedBy(owner), "--filter", "label=berth.part=snapshot", "--format", format]);
  for (const [name = "", release] of rows.split("\n").filter(Boolean).map((row) => row.split("\t"))) {
    if (release === live) continue;
    const { code, stderr } = await tryDocker(["volume", "rm", name]);
    console.log(code === 0 ? `removed copy ${name}` : `left copy ${name}: ${stderr.trim()}`);
  }
}
