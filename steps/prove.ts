/** Brings a release live, and takes it back where it does not prove good: by its answers, its containers, its smoke test. */
import { bake, watch, type Watch } from "./bake.ts";
import { tryDocker } from "../engine/docker.ts";
import { tellGateway } from "../engine/gateway.ts";
import { StepError, withRepair } from "./step.ts";
import { giveBack, letThrough, newWorkers, pauseWords } from "./hold.ts";
import { runJob } from "./runJob.ts";
import { findLive, type Live } from "../engine/live.ts";
import { deployWords } from "../engine/gatewayWords.ts";
import { type RouteInput, verdictIn, verdictWords } from "./switch.ts";

/** Limits for a release that has a smoke test and does not bake: nothing but its containers is watched. */
const UNLIMITED = { duration: 0, errors: 100, slowdown: 0, minRequests: 1 };
/** Last log lines that are shown of a release that was taken back. */
const LOG_LINES = 20;

/** Gives a release the traffic. @throws StepError where that fails or the release does not prove good */
export async function switchOver(input: RouteInput): Promise<void> {
  const proving = input.maintenance === null && (input.bake ?? input.smokeTest ?? input.canary) !== null;
  if (proving) return switchAndProve(input);
  const before = input.exclusive ? await findLive(input.gateway, input.service) : undefined;
  try {
    await tellGateway(input.gateway, deployWords(input));
  } catch (error) {
    if (before) await takeBack(input, before, error); // with blue-green, the gateway has changed nothing
    throw error;
  }
}

/**
 * Switches, and watches from the first instant: draining the old release may take long, and is part of the time.
 * @throws StepError where the release is not good, with the traffic back where it was
 */
async function switchAndProve(input: RouteInput): Promise<void> {
  const before = await findLive(input.gateway, input.service);
  const { canary } = input;
  const all = [...input.targets, ...(canary?.targets ?? [])];
  if (before?.containers.length === all.length && before.containers.every((name) => all.includes(name))) {
    await tellGateway(input.gateway, deployWords(input)); // for these containers no traffic changes
    if (canary) console.log(lastVerdict());
    return;
  }
  const watched = canary
    ? await watch(input.gateway, canary.targets, canary.limits, input.targets)
    : await watch(input.gateway, input.targets, input.bake ?? UNLIMITED);
  const started = Date.now();
  try {
    const switched = tellGateway(input.gateway, deployWords(input));
    const proved = prove(input, watched, started, switched);
    proved.catch(() => undefined); // after a breach, nobody waits for the end of the drain
    const reason = await Promise.race([watched.breach, proved]);
    if (reason === undefined) {
      if (canary) console.log(verdictWords(canary.release, watched.seen.requests, canary.limits));
      return;
    }
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    const story = new StepError(await takenBack(input, { reason, seconds, worst: watched.worst(), ...watched.seen }, before));
    if (before) await takeBack(input, before, story);
    throw story;
  } finally {
    watched.stop();
  }
}

/** What the last switch said of the canary that is still there. */
const lastVerdict = (): string => (process.env["PULUMI_COMMAND_STDOUT"] ?? "").split("\n").find((line) => verdictIn(line) !== "") ?? "";

/** A failure that is a reason to go back; all others are faults of the program. */
function reasonOf(error: unknown): string {
  if (error instanceof StepError) return error.message;
  throw error;
}

/** The smoke test, then the rest of the bake. Returns why the release must not stay. */
async function prove(input: RouteInput, watched: Watch, started: number, switched: Promise<void>): Promise<string | undefined> {
  const { smokeTest } = input;
  const settings = input.canary?.limits ?? input.bake;
  const early = await Promise.race([watched.breach, switched.catch(reasonOf)]);
  if (early !== undefined) return early; // the traffic goes back, and there is nothing left to test
  await letThrough({ ...input, candidates: input.targets }); // without effect where no request was held
  if (smokeTest) {
    try {
      await tryDocker(["rm", "--force", smokeTest.container]); // it tests this switch, not an earlier one
      await runJob(smokeTest);
    } catch (error) {
      return reasonOf(error);
    }
  }
  const left = (settings?.duration ?? 0) - (Date.now() - started) / 1000;
  return left > 0 ? bake(watched, left) : undefined;
}

/**
 * Sends the traffic back in one instant, and waits until the bad release has answered what it began.
 * @throws StepError with the cause first where that fails, too
 */
async function takeBack(input: RouteInput, live: Live, cause: unknown): Promise<void> {
  try {
    await sendBack(input, live);
  } catch (second) {
    throw withRepair(cause, "The traffic could not be sent back, run the update again", second);
  }
}

async function sendBack(input: RouteInput, live: Live): Promise<void> {
  const { containerPort: port, health, drain } = live.settings;
  const held = { ...input, candidates: input.targets };
  const back = deployWords({ ...input, targets: live.containers, canary: null, port, health, drain });
  if (input.exclusive) {
    if (input.maintenance === null) await tellGateway(input.gateway, pauseWords(held));
    await giveBack({ ...held, workers: await newWorkers(held, live) }, live);
    await tellGateway(input.gateway, back);
    if (input.maintenance === null) await letThrough(held);
    return;
  }
  await tellGateway(input.gateway, back);
  const workers = await newWorkers(held, live);
  if (workers.length > 0) await tryDocker(["stop", ...workers]); // those of the old release still run
}

/** Words of a release that was taken back; the first line says why, with numbers. */
async function takenBack(input: RouteInput, found: { reason: string; seconds: string; worst: string | undefined; requests: number; errors: number }, before: Live | undefined): Promise<string> {
  const tried = input.canary?.targets ?? input.targets;
  const worst = tried.find((name) => found.reason.includes(name)) ?? found.worst ?? tried[0] ?? "";
  const who = input.canary ? `canary ${input.canary.release}` : `release ${input.release}`;
  const { stdout, stderr } = await tryDocker(["logs", "--tail", String(LOG_LINES), worst]);
  return [
    before
      ? `${who} was taken back ${found.seconds} s after the switch: ${found.reason}`
      : `${who} is not good enough: ${found.reason}`,
    before
      ? `  Release ${before.release} serves again on ${before.containers.join(", ")}. Meanwhile the new one gave ${found.requests} answers, ${found.errors} of them errors.`
      : "  There is no earlier release to go back to, so it goes on serving.",
    `  last log lines of ${worst}:`,
    ...`${stdout}${stderr}`.trimEnd().split("\n").map((line) => `    ${line}`),
  ].join("\n");
}
