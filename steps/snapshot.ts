/**
 * A copy of the volumes before a migration, and back again where it fails. What was live is stopped meanwhile and
 * requests wait, so that nobody writes between the copy and its return. The container that copies is the record of it: it
 * stays until all is done, and what a killed update has left is put right by it.
 */
import { EngineError } from "../docker/engineError.ts";
import { findContainer, removeContainer, renameContainer } from "../engine/containers.ts";
import { partIs, LABEL, isOf, labels, ownedBy, type Owner } from "../release/labels.ts";
import { findLive, type Live } from "../engine/live.ts";
import { createVolume, listVolumes, removeVolume } from "../engine/volumes.ts";
import { persist } from "./persist.ts";
import { copyVolumes, type CopyInput, HOURS, nameFor } from "./copyVolumes.ts";
import { StepError, withRepair } from "./step.ts";
import { type TakeOverInput, letGo, serveAgain, takeOver } from "./takeOver.ts";
import { type BegunJob, endOf, finishJob, type JobSpec, runJob, stateOf } from "./runJob.ts";

export interface SnapshotInput extends CopyInput, Pick<TakeOverInput, "owner" | "gateway" | "service" | "drain" | "health"> {
  /** Whether what was live serves again at the end: false where the caller holds requests already, and sees to that. */
  readonly alone: boolean;
}

/** What the record says. The job of an earlier Berth's has more in it, and is never begun again by it. */
interface Begun {
  readonly input: SnapshotInput;
  readonly job: BegunJob;
}

/** The data are not as they were before, and nobody may write until the next update has put them back. */
export class NotPutBack extends StepError {}

/** Label of the record. */
const RECORD = "berth.snapshot";

/** What the record's container is called until the data are settled, and after that. */
const [OPEN, OVER] = ["snapshot", "snapshot-over"] as const;

const takeOverOf = ({ input, job }: Begun): TakeOverInput => ({
  ...input,
  candidates: [],
  workers: [],
  migration: { job, snapshot: input },
});

/** Runs a migration. @throws StepError where it fails, with the data as they were and the name of their copy */
export async function runWithSnapshot(input: SnapshotInput, job: JobSpec): Promise<void> {
  await settle(input.owner);
  if ((await stateOf(job.container)) === "exited 0") return runJob(job); // it had come to its end when the update was cut off
  const { what, release, container, timeout } = job;
  const begun: Begun = { input, job: { what, release, container, timeout } };
  const live = await findLive(input.gateway, input.service);
  try {
    if (input.alone) await takeOver(takeOverOf(begun), live);
    await copy(begun);
  } catch (error) {
    return await giveUp(begun, live, error);
  }
  try {
    await runJob(job);
  } catch (error) {
    await persist(() => putBack(begun)).catch((second: unknown) => {
      const words = `The data could not be put back, run the update again. Their copy is ${snapshotsOf(input)}`;
      throw new NotPutBack(withRepair(error, words, second).message);
    });
    const words = `The data are as they were before it. Their copy stays until the next release is live: ${snapshotsOf(input)}`;
    return await giveUp(begun, live, new StepError(`${(error as Error).message}\n  ${words}`));
  }
  const sick = await persist(() => end(begun, live));
  if (sick !== undefined) console.log(sick);
}

/** Brings back what was live. @throws the cause, with what is not as it was */
async function giveUp(begun: Begun, live: Live | undefined, cause: unknown): Promise<never> {
  const sick = await persist(() => end(begun, live)).catch((second: unknown) => {
    throw withRepair(cause, "What was live before could not be brought back, run the update again", second);
  });
  throw sick === undefined ? cause : new StepError(`${(cause as Error).message}\n  ${sick}`);
}

const snapshotsOf = ({ volumes }: SnapshotInput): string => volumes.map(({ volume, copy: name }) => `${name} (of ${volume})`).join(", ");

/**
 * Puts right what a migration has left whose update was killed: it is waited for, and where it did not succeed the data
 * are put back; then what was live serves again. Returns whether there was anything to do.
 * @throws EngineError where the engine does not tell how things are, with all left as it is
 */
export async function settle(owner: Owner): Promise<boolean> {
  const [open, over] = await Promise.all([OPEN, OVER].map((what) => findContainer(nameFor(owner, what))));
  const record = (open ?? over)?.Config.Labels[RECORD];
  if (record === undefined) return false;
  const begun = JSON.parse(record) as Begun;
  const { job, input } = begun;
  console.log(`The ${job.what} of release ${job.release} was cut off with its update.`);
  if (open) {
    const late = open.State.Status === "running" && (await endOf(open.Id, HOURS * 3600)) === undefined;
    if (late) throw new StepError(`the copy that was begun before it, container ${nameFor(owner, OPEN)}, does not come to its end`);
    if ((await stateOf(open.Id)) === "exited 0" && !(await hasSucceeded(job))) {
      await putBack(begun);
      console.log(`The data are as they were before it. Their copy: ${snapshotsOf(input)}`);
    }
  }
  const alone = (await findContainer(input.gateway)) !== undefined; // without a gateway there is nobody to serve
  const live = alone ? await findLive(input.gateway, input.service) : undefined;
  const sick = await persist(() => end({ input: { ...input, alone }, job }, live));
  if (sick !== undefined) console.log(sick);
  return true;
}

/** Waits for a job that still runs, as long as it may take. */
async function hasSucceeded(job: BegunJob): Promise<boolean> {
  const state = await stateOf(job.container);
  if (!state?.startsWith("running")) return state === "exited 0";
  return finishJob(job).then(
    () => true,
    (error: unknown) => {
      if (!(error instanceof StepError)) throw error;
      console.log(error.message);
      return false;
    },
  );
}

/** New copies, complete once the container has ended with 0. @throws StepError where there is no room, for instance */
async function copy({ input, job }: Begun): Promise<void> {
  const { owner, volumes } = input;
  await removeContainer(nameFor(owner, "restore")); // one that was cut off holds the copy of an earlier try
  for (const { volume, copy: name } of volumes) {
    await removeVolume(name);
    await createVolume(name, labels(owner, "snapshot", { [LABEL.release]: job.release, "berth.copyOf": volume }));
  }
  await copyVolumes(input, OPEN, { [RECORD]: JSON.stringify({ input, job }) });
}

/** Safe to repeat: a copy is never written to. */
async function putBack({ input, job }: Begun): Promise<void> {
  await removeContainer(job.container);
  const writing = (await findContainer(job.container)) !== undefined;
  if (writing) throw new StepError(`container ${job.container} is still being removed`);
  await copyVolumes(input, "restore");
}

/**
 * What was live serves again, and the record goes. Returns what is to be said of it where it does not get healthy.
 * The record is over before: what is written from then on must never be replaced by the copy.
 */
async function end(begun: Begun, live: Live | undefined): Promise<string | undefined> {
  const { input } = begun;
  const [open, over] = [nameFor(input.owner, OPEN), nameFor(input.owner, OVER)];
  if ((await findContainer(open)) !== undefined) {
    await removeContainer(over);
    await renameContainer(open, over);
  }
  const healthy = !input.alone || (live ? await serveAgain(takeOverOf(begun), live) : await letGo(input));
  await removeContainer(over);
  return healthy ? undefined : `Release ${live?.release} was started again and does not get healthy`;
}

/** Removes the copies that no longer serve: of releases before the live one, and of what failed since. */
export async function dropSnapshots(owner: Owner, live: string): Promise<void> {
  for (const { Name, Labels } of (await listVolumes(ownedBy(owner, partIs("snapshot")))).filter(isOf(owner))) {
    if (Labels?.[LABEL.release] === live) continue;
    try {
      if (await removeVolume(Name)) console.log(`removed copy ${Name}`);
    } catch (error) {
      if (!(error instanceof EngineError && error.status === 409)) throw error; // it is in use
      console.log(`left copy ${Name}: ${error.words}`);
    }
  }
}
