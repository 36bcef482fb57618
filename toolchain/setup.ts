import { runningCurrentEngine, stopCurrent, type CurrentEngine } from "./currentEngine.ts";
import { thisMachine } from "./machine.ts";
import { meet, NeedFailed, type Begin, type Found, type Need, type WaitFor } from "./need.ts";
import { allNeeds, type EngineKind } from "./needs.ts";
import { progressMode, runSteps, type ProgressMode } from "./progress.ts";
import { findPulumi } from "./pulumi.ts";
import { stopChildren } from "./run.ts";
import { UserError } from "../settings/userError.ts";

/** Options of `setUp`. */
export interface SetUpOptions {
  /** How progress is shown. Default: a live list on a terminal, lines elsewhere. */
  readonly progress?: ProgressMode;
  /** Which engine to provide. Default: "classic", the one at DOCKER_HOST or the default socket. */
  readonly engine?: EngineKind;
  /** The needs to meet. Default: all of them. */
  readonly needs?: readonly Need[];
}

/** What set-up found for the other commands to use. */
export interface Tools {
  /** The folder of `pulumi` and `pulumi-language-nodejs`. */
  readonly pulumiFolder: string;
}

/**
 * Makes sure that everything Berth needs is on this machine. Does, and prints, nothing where it is. Safe to run twice at
 * once and to cut off at any time. Throws a `UserError` that names each source that was tried and what can be done by
 * hand.
 */
export async function setUp(root: string, options: SetUpOptions = {}): Promise<void> {
  const needs = options.needs ?? allNeeds(thisMachine(root), options.engine);
  const found = await Promise.all(needs.map((need) => need.look()));
  const missing = needs.filter((_, index) => found[index] === undefined);
  if (missing.length === 0) return;

  const work = new Map<string, Promise<Found>>();
  const waitFor: WaitFor = async (name) => {
    await work.get(name);
  };
  const steps = missing.map((need) => {
    let start = (_begin: Begin) => {};
    const met = new Promise<Begin>((resolve) => (start = resolve)).then((begin) => meet(need, begin, waitFor));
    work.set(need.name, met);
    return {
      name: `${need.name} ${need.wanted}`,
      run: (begin: Begin) => {
        start(begin);
        return met;
      },
    };
  });
  try {
    await runSteps(steps, options.progress ?? progressMode());
  } catch (error) {
    stopChildren();
    throw error instanceof NeedFailed ? new UserError(error.message) : error;
  }
}

/** The tools that set-up has found, or undefined where set-up has still to run. */
export async function findTools(root: string): Promise<Tools | undefined> {
  const pulumi = await findPulumi(thisMachine(root));
  return pulumi === undefined ? undefined : { pulumiFolder: pulumi.place };
}

/**
 * Makes sure that the current engine (API 1.56, containerd image store) runs beside the machine's own, with the images
 * that Berth needs in it. Root only. `stopCurrentEngine` ends it; it outlives this process otherwise.
 */
export async function startCurrentEngine(root: string, options: Pick<SetUpOptions, "progress"> = {}): Promise<CurrentEngine> {
  await setUp(root, { ...options, engine: "current" });
  const engine = await runningCurrentEngine(thisMachine(root));
  if (engine === undefined) throw new Error("the current engine ended just after its start");
  return engine;
}

/** Stops the current engine and says whether it ran. With `wipe`, its containers, images and volumes go too. */
export function stopCurrentEngine(root: string, options: { readonly wipe?: boolean } = {}): Promise<boolean> {
  return stopCurrent(thisMachine(root), options);
}
