/** A job that a release has once, before it goes live first. */
import { readInput, runStep } from "./step.ts";
import { type JobSpec, runJob } from "./runJob.ts";
import { runWithSnapshot, type SnapshotInput } from "./snapshot.ts";

export interface JobInput {
  readonly job: JobSpec;
  /** False where the release is brought back: it has had its job when it went live first. */
  readonly run: boolean;
  /** Which volumes to copy before, and how what is live is held meanwhile; null: none. */
  readonly snapshot: SnapshotInput | null;
}

/** Releases that are remembered to have had their job: more than a ledger holds. */
const REMEMBERED = 200;
const DONE = "done for releases: ";

/** The releases that had this job, from what it printed last time. Pure. */
export const doneBefore = (stdout: string): string[] =>
  (stdout.split("\n").findLast((line) => line.startsWith(DONE)) ?? DONE).slice(DONE.length).split(" ").filter(Boolean);

/** What a job prints at its end, for the next time. Pure. */
export const doneWords = (releases: readonly string[]): string => DONE + releases.slice(-REMEMBERED).join(" ");

/** Runs the job unless this release had it. Prints which releases had it, for the next time. @throws StepError where it fails */
export async function runOnce({ job, run, snapshot }: JobInput): Promise<void> {
  const done = doneBefore(process.env["PULUMI_COMMAND_STDOUT"] ?? "");
  if (run && !done.includes(job.release)) {
    await (snapshot ? runWithSnapshot(snapshot, job) : runJob(job));
    done.push(job.release);
  } else {
    console.log(
      `${job.what}: not for release ${job.release}, which ${done.includes(job.release) ? "had it" : "is brought back as it was"}`,
    );
  }
  console.log(doneWords(done));
}

if (process.env["BERTH_INPUT"] && process.argv[1]?.endsWith("job.ts")) void runStep(() => runOnce(readInput<JobInput>()));
