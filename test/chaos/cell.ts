/** One cell of the matrix: one update, one fault at one of its steps, one `npm run up` afterwards. */
import { setTimeout as sleep } from "node:timers/promises";
import { startLoad, type Report } from "../e2e/support/load.ts";
import type { Fault, Scene } from "./faults.ts";
import type { Ground } from "./ground.ts";
import { problemsOf } from "./problems.ts";
import { afterSwitch, begins, type Step } from "./steps.ts";
import { commandWords, type Ended, startProgram, type Update, up } from "./update.ts";
import { gatewayOf, recorded, webContainers } from "./view.ts";

export interface Result {
  readonly fault: string;
  readonly step: Step;
  readonly holds: boolean;
  /** Why it does not hold. */
  readonly problems: readonly string[];
  readonly requests: number;
  readonly failed: number;
  /** The first failures of each kind of client, in words. */
  readonly failures: readonly string[];
  /** Which requests were allowed to fail. */
  readonly mayFail?: string | undefined;
  /** From the fault to the first good answer after the last of the failed requests was sent; 0 where none failed. */
  readonly secondsToRecover: number;
  /** The same from the start of the `npm run up` that follows; 0 where people were served by then. */
  readonly secondsOfUp: number;
  /** The longest that one request took. */
  readonly longestSeconds: number;
  /** How the update ended that was struck, and after how long; undefined between two updates. */
  readonly struck?: { readonly code: number; readonly seconds: number; readonly lastWords: string } | undefined;
  /** Runs of `npm run up` until all was right. */
  readonly updates: number;
  /** What was left over or missing after the first of them. */
  readonly leftOver: readonly string[];
  readonly remark?: string | undefined;
  readonly seconds: number;
  /** Output of the commands; only where the cell does not hold. */
  readonly outputs?: readonly string[];
}

/** So many milliseconds between two requests of each client: some 90 requests a second. */
const PAUSE = 200;
const KINDS = ["keepAlive", "newConnection", "post"];
/** How long the request takes that is open at the switch, in milliseconds. */
const OPEN_REQUEST = 4000;
const MOST_UPDATES = 3;
/** People have to be served again within so many seconds. */
const MOST_SECONDS = 5;
/** Characters of the struck update's output that are kept. */
const LAST_WORDS = 1500;

/**
 * @param most seconds within which people have to be served again; more than the default where other work runs beside
 * @throws Error where the fault could not be done, and the cell says nothing
 */
export async function runCell(ground: Ground, fault: Fault, step: Step, most = MOST_SECONDS): Promise<Result> {
  const { checkout } = ground;
  const started = Date.now();
  const before = await recorded(checkout);
  const load = await startLoad({ url: checkout.url, pause: PAUSE, kinds: KINDS });
  const commands: Ended[] = [];
  let struck: Ended | undefined;
  let remark: string | void = undefined;
  let struckAt = 0;
  let upAt = 0;
  let greeting: string;
  try {
    greeting = await ground.change(step);
    const scene = await sceneOf(ground, step);
    const strike = async (update?: Update) => {
      struckAt = Date.now();
      remark = await fault.inject({ ...scene, update });
    };
    if (step === "idle") await strike();
    else {
      struck = await strikeUpdate(ground, step, fault.stdin, strike);
      commands.push(struck);
    }
    await fault.afterwards?.(scene);
    upAt = Date.now();
    const last = await up(checkout);
    commands.push(last);
  } catch (error) {
    await load.stop();
    throw error;
  }
  const report = await load.stop();
  const wanted = { greeting, before, acknowledged: report.posted };
  const problems = await problemsOf(ground, commands.at(-1), wanted);
  const leftOver = problems.filter((problem) => /^(left over|missing|pending)/.test(problem));
  let updates = 1;
  for (let now = problems; now.length > 0 && updates < MOST_UPDATES;) {
    const again = await up(checkout);
    commands.push(again);
    updates++;
    now = await problemsOf(ground, again, wanted);
    if (now.length === 0) problems.push(`only update ${updates} put it right`);
    else if (updates === MOST_UPDATES) problems.push("no further update put it right");
  }
  const mayFail = fault.mayFail?.(step);
  if (struck?.hung) problems.push(`the update hung and was ended after ${struck.seconds.toFixed(0)} s`);
  if (report.failed > 0 && mayFail === undefined) problems.push(`${report.failed} requests failed`);
  const since = (time: number) => (report.failed === 0 ? 0 : Math.max(0, report.recovered - time) / 1000);
  if (report.failed > 0 && report.recovered === 0) problems.push("no request was answered well after the last failed one");
  if (since(fault.heals === "by itself" ? struckAt : upAt) > most)
    problems.push(
      `people were served again only ${since(struckAt).toFixed(1)} s after the fault, ${since(upAt).toFixed(1)} s after npm run up began`,
    );
  return {
    fault: fault.name,
    step,
    holds: problems.length === 0,
    problems,
    requests: report.sent,
    failed: report.failed,
    failures: failuresOf(report),
    mayFail,
    secondsToRecover: since(struckAt),
    secondsOfUp: since(upAt),
    longestSeconds: report.longest / 1000,
    struck: struck && { code: struck.code, seconds: struck.seconds, lastWords: struck.output.trimEnd().slice(-LAST_WORDS) },
    updates,
    leftOver,
    remark: remark ?? undefined,
    seconds: (Date.now() - started) / 1000,
    ...(problems.length > 0 && { outputs: commands.map(({ code, output }) => `exit code ${code}\n${output}`) }),
  };
}

const failuresOf = ({ tallies }: Report) =>
  Object.entries(tallies).flatMap(([kind, { failures }]) => failures.map((words) => `${kind}: ${words}`));

async function sceneOf(ground: Ground, step: Step): Promise<Scene> {
  const { stack } = ground.checkout;
  const old = await webContainers(stack);
  const candidate = async () => {
    for (const end = Date.now() + 10_000; Date.now() < end; await sleep(20)) {
      const found = (await webContainers(stack)).find((name) => !old.includes(name));
      if (found) return found;
    }
    throw new Error("there was no new replica within 10 s");
  };
  return {
    ground,
    step,
    gateway: await gatewayOf(stack),
    candidate,
    replica: async () => (step === "delete" ? candidate() : (old[0] ?? "")),
  };
}

/** Starts an update, and strikes when it comes to this step. @throws Error where it never came there */
async function strikeUpdate(
  ground: Ground,
  step: Exclude<Step, "idle">,
  stdin: Fault["stdin"],
  strike: (update: Update) => Promise<void>,
): Promise<Ended> {
  const { checkout } = ground;
  const before = (await ground.about())?.release;
  const update = startProgram(checkout, commandWords(checkout, "up", "--yes"), { stdin });
  try {
    if (step === "drain" && (await update.sees(begins("gate")))) {
      // Whether it is answered well is the load's business; this one only keeps the old release busy.
      void fetch(`${checkout.url}/slow?ms=${OPEN_REQUEST}`)
        .then((answer) => answer.text())
        .catch(() => undefined);
    }
    if (!(await update.sees(begins(step)))) throw new Error(`the update ended before its step "${step}":\n${(await update.ended).output}`);
    if (afterSwitch(step)) {
      for (const end = Date.now() + 10_000; (await ground.about())?.release === before; await sleep(20)) {
        if (Date.now() > end) throw new Error("the new release did not answer within 10 s");
      }
    }
    await strike(update);
    return await update.ended;
  } catch (error) {
    update.kill();
    await update.ended;
    throw error;
  }
}
