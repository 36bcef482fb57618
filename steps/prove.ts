/** Brings a release live, and takes it back where it does not prove good: by its answers, its containers, its smoke test. */
import { persist } from "./persist.ts";
import { bake } from "./bake.ts";
import { EngineError } from "../docker/engineError.ts";
import { removeContainer } from "../engine/containers.ts";
import { tellGateway } from "../engine/gateway.ts";
import { deployWords } from "../engine/gatewayWords.ts";
import { findLive, type Live } from "../engine/live.ts";
import { UserError } from "../settings/userError.ts";
import { lastWords } from "./diagnosis.ts";
import { letThrough } from "./takeOver.ts";
import { ANSWERING } from "./probe.ts";
import { runJob } from "./runJob.ts";
import { sendBack } from "./sendBack.ts";
import { StepError, withRepair } from "./step.ts";
import { type RouteInput, verdictIn, verdictWords } from "./switch.ts";
import { watch, type Watch } from "./watch.ts";

/** Limits for a release that has a smoke test and does not bake: nothing but its containers is watched. */
const UNLIMITED = { duration: 0, errors: 100, slowdown: 0, minRequests: 1 };
/** Last log lines that are shown of a release that was taken back. */
const LOG_LINES = 20;

/** Gives a release the traffic. @throws StepError where that fails or the release does not prove good */
export async function switchOver(input: RouteInput): Promise<void> {
  const proving = input.maintenance === null && (input.bake ?? input.smokeTest ?? input.canary) !== null;
  if (proving) return switchAndProve(input);
  const before = input.exclusive ? await findLive(input.gateway, input.service) : undefined;
  await send(input).catch((error: unknown) => undoSwitch(input, before, error));
}

/** The gateway switches in one instant, and comes back when the old targets are drained. */
const send = (input: RouteInput): Promise<void> =>
  tellGateway(input.gateway, deployWords(input), { deadline: input.health.deadline + input.drain + ANSWERING });

/**
 * After a switch that failed: with blue-green, a gateway that refuses it has changed nothing; else the old release is stopped, or
 * nobody knows. @throws the cause
 */
async function undoSwitch(input: RouteInput, before: Live | undefined, cause: unknown): Promise<never> {
  const refused = cause instanceof EngineError && cause.failure === "refused";
  if (before && (input.exclusive || !refused)) await takeBack(input, before, cause);
  throw cause;
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
    await send(input); // for these containers no traffic changes
    if (canary) console.log(lastVerdict());
    return;
  }
  const watched = canary
    ? await watch(input.gateway, canary.targets, canary.limits, input.targets)
    : await watch(input.gateway, input.targets, input.bake ?? UNLIMITED);
  const trial: Trial = { watched, started: Date.now(), testing: false };
  let reason: string | undefined;
  try {
    const proved = prove(input, trial);
    proved.catch(() => undefined); // after a breach, nobody waits for the end of the drain
    reason = (await Promise.race([watched.breach, proved])) ?? (await watched.finish());
  } catch (error) {
    return await undoSwitch(input, before, error);
  } finally {
    watched.stop();
  }
  if (reason !== undefined) throw await notGood(input, trial, reason, before);
  if (canary) console.log(verdictWords(canary.release, watched.seen.requests, canary.limits));
}

/** What the last switch said of the canary that is still there. */
const lastVerdict = (): string => (process.env["PULUMI_COMMAND_STDOUT"] ?? "").split("\n").find((line) => verdictIn(line) !== "") ?? "";

/** How a switch goes that has to prove good. */
interface Trial {
  readonly watched: Watch;
  /** In milliseconds since 1970. */
  readonly started: number;
  /** Whether the smoke test is at work. */
  testing: boolean;
}

/** A failure that is a reason to go back; all others are faults of the program. */
function reasonOf(error: unknown): string {
  if (error instanceof UserError) return error.message;
  throw error;
}

/** The switch, the smoke test, then the rest of the bake. Returns why the release must not stay. @throws what failed of the switch */
async function prove(input: RouteInput, trial: Trial): Promise<string | undefined> {
  const { smokeTest } = input;
  const { watched, started } = trial;
  const early = await Promise.race([watched.breach, send(input)]);
  if (early !== undefined) return early; // the traffic goes back, and there is nothing left to test
  try {
    await letThrough(input); // without effect where no request was held
    trial.testing = smokeTest !== null;
    if (smokeTest) {
      await removeContainer(smokeTest.container); // it tests this switch, not an earlier one
      await runJob(smokeTest);
    }
  } catch (error) {
    return reasonOf(error);
  } finally {
    trial.testing = false;
  }
  const left = ((input.canary?.limits ?? input.bake)?.duration ?? 0) - (Date.now() - started) / 1000;
  return left > 0 ? bake(watched, left) : undefined;
}

/**
 * Takes back a release that is not good enough. Returns what is to be said of it.
 * @throws StepError with the reason first where that fails, too
 */
async function notGood(input: RouteInput, trial: Trial, reason: string, before: Live | undefined): Promise<StepError> {
  const { watched, started, testing } = trial;
  const [seconds, worst, seen] = [((Date.now() - started) / 1000).toFixed(1), watched.worst(), { ...watched.seen }];
  const who = input.canary ? `canary ${input.canary.release}` : `release ${input.release}`;
  const bad = new StepError(`${who} is not good enough: ${reason}`);
  const back = before && (await takeBack(input, before, bad));
  const tried = input.canary?.targets ?? input.targets;
  const story = new StepError(
    [
      back ? `${who} was taken back ${seconds} s after the switch: ${reason}` : bad.message,
      back
        ? `  Release ${back.release} serves again on ${back.containers.join(", ")}. ` +
          `Meanwhile the new one gave ${seen.requests} answers, ${seen.errors} of them errors.`
        : "  There is no earlier release to go back to, so it goes on serving.",
      ...(await lastWords(tried.find((name) => reason.includes(name)) ?? worst ?? tried[0] ?? "", LOG_LINES)),
    ].join("\n"),
  );
  if (testing && input.smokeTest) {
    await removeContainer(input.smokeTest.container).catch((second: unknown) => {
      throw withRepair(story, "Its smoke test goes on", second);
    });
  }
  return story;
}

/**
 * Sends the traffic back in one instant, and waits until the bad release has answered what it began. Returns what serves again.
 * @throws StepError with the cause first where that fails, too
 */
const takeBack = (input: RouteInput, live: Live, cause: unknown): Promise<Live> =>
  persist(() => sendBack(input, live)).catch((second: unknown) => {
    throw withRepair(cause, "The traffic could not be sent back, run the update again", second);
  });
