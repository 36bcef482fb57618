/** Plans: a preview kept, so that an update does exactly what it said. Pulumi's update plan, and what it does not check. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../shared/cli.ts";
import { type EngineEvent, readEvents, UNKNOWN } from "../../stack/events.ts";
import { failureOf } from "../../stack/failure.ts";
import { Interrupted } from "../../stack/interrupted.ts";
import { differences, type Fingerprint, takeFingerprint } from "./fingerprint.ts";
import type { PulumiCli } from "../../stack/pulumiCli.ts";
import { changeAlone, makeWay } from "../update/update.ts";

/** Folder of the plans, within the project. */
const FOLDER = ".berth/plans";
/** So many plans are kept; the oldest go first. */
const KEPT = 20;

export interface Plan {
  readonly id: string;
  readonly stack: string;
  /** When the preview was made, in ISO 8601. */
  readonly made: string;
  /** When an update with it began. */
  readonly used?: string;
  /** URNs of what has drifted and is made again. */
  readonly replace: readonly string[];
  readonly fingerprint: Fingerprint;
}

const folderOf = (root: string, id: string) => join(root, FOLDER, id);
const planFile = (root: string, id: string) => join(folderOf(root, id), "plan.json");
const recordFile = (root: string, id: string) => join(folderOf(root, id), "record.json");

/** A place for a new plan: its id, and the file, seen from the project, that `pulumi preview --save-plan` writes. */
export async function startPlan(root: string): Promise<{ readonly id: string; readonly file: string }> {
  const id = randomBytes(3).toString("hex");
  await mkdir(folderOf(root, id), { recursive: true });
  return { id, file: planFile(".", id) };
}

/** Keeps the plan that a preview has written, with what it rests on. */
export async function keepPlan(pulumi: PulumiCli, { id, stack, replace }: Pick<Plan, "id" | "stack" | "replace">): Promise<void> {
  const { root } = pulumi;
  await writeFile(planFile(root, id), withoutTimes(await readFile(planFile(root, id), "utf8")));
  await writeRecord(root, { id, stack, made: new Date().toISOString(), replace, fingerprint: await takeFingerprint(pulumi, stack) });
  const plans = (await readPlans(root)).sort((a, b) => (a.made < b.made ? 1 : -1));
  await Promise.all(plans.slice(KEPT).map(({ id: old }) => dropPlan(root, old)));
}

/** Removes a plan. */
export const dropPlan = (root: string, id: string): Promise<void> => rm(folderOf(root, id), { recursive: true, force: true });

/**
 * The plan of this id. @param stack the one that was asked for; default: the plan's own
 * @throws UserError where there is none, it is another stack's, or was used before
 */
export async function findPlan(root: string, id: string, stack: string | undefined): Promise<Plan> {
  const again = (of = stack) => `npm run preview -- --save${of ? ` --stack ${of}` : ""}`;
  if (!/^[0-9a-f]{6}$/.test(id) || !existsSync(recordFile(root, id))) {
    const open = (await readPlans(root))
      .filter((plan) => !plan.used && (stack === undefined || plan.stack === stack))
      .map((plan) => plan.id);
    throw new UserError(`there is no plan "${id}"${open.length > 0 ? ` (there is ${open.join(", ")})` : ""}: make one with ${again()}`);
  }
  const plan = JSON.parse(await readFile(recordFile(root, id), "utf8")) as Plan;
  if (stack !== undefined && stack !== plan.stack)
    throw new UserError(`plan ${id} is for stack ${plan.stack}, not for ${stack}: make one for it with ${again()}`);
  if (plan.used)
    throw new UserError(`plan ${id} was used at ${plan.used.slice(0, 19).replace("T", " ")}: make a new one with ${again(plan.stack)}`);
  return plan;
}

/**
 * Does what the plan says. @param words more words for `pulumi up`, its stack among them
 * @throws UserError before the first change where another update is at work, or the stack, its configuration or the app
 * are not what they were
 */
export async function carryOut(pulumi: PulumiCli, plan: Plan, words: readonly string[]): Promise<void> {
  const { root } = pulumi;
  await makeWay(pulumi, plan.stack);
  const different = differences(plan.fingerprint, await takeFingerprint(pulumi, plan.stack));
  if (different.length > 0) throw outdated(plan, different);
  const log = join(folderOf(root, plan.id), "events");
  try {
    await changeAlone(
      pulumi,
      plan.stack,
      ["up", "--plan", planFile(".", plan.id), ...plan.replace.flatMap((urn) => ["--replace", urn]), ...words],
      log,
    );
  } catch (error) {
    const violation = error instanceof Interrupted ? undefined : violationOf(await readLog(log));
    throw violation === undefined ? error : outdated(plan, [violation]);
  } finally {
    if (hasBegun(readEvents(await readLog(log)))) await writeRecord(root, { ...plan, used: new Date().toISOString() });
    await rm(log, { force: true });
  }
}

const outdated = ({ id, stack }: Plan, different: readonly string[]): UserError =>
  new UserError(
    `plan ${id} no longer fits: ${different.join("; ")}. Nothing was changed. Make a new preview: npm run preview -- --save --stack ${stack}`,
  );

const readLog = (log: string): Promise<string> => readFile(log, "utf8").catch(() => "");

/** Pulumi goes through the plan in a preview first: whether the update itself has begun. Pure. */
export const hasBegun = (events: readonly EngineEvent[]): boolean =>
  events.some(({ resourcePreEvent }) => resourcePreEvent && !resourcePreEvent.planning);

/** Why Pulumi has refused the plan before it began; undefined where it has not. Pure. */
export function violationOf(log: string): string | undefined {
  const events = readEvents(log);
  if (hasBegun(events) || !events.some(({ summaryEvent }) => summaryEvent?.result === "failed")) return undefined;
  const cause = failureOf(log);
  if (cause === undefined) return "the stack's outputs would be others"; // the one case in which Pulumi ends without a word
  const [, name, what] = /resource \S*::(\S+) violates plan: ([^\n]*)/.exec(cause) ?? [];
  if (name) return `${name} would be made otherwise (${shortened(what ?? "")})`;
  return /by the plan|operations for .* but none were seen/.test(cause) ? shortened(cause) : undefined;
}

/** Pulumi tells both values whole, which may be long. */
const shortened = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)} …` : text);

/**
 * Pulumi's plan, with the ledger left open: it holds the time at which the release went live, and the commit, which the
 * update reads anew. All else in the plan stays as it was said. Pure.
 */
export function withoutTimes(text: string): string {
  const plan = JSON.parse(text) as {
    resourcePlans: Record<string, { goal?: { outputDiff?: Partial<Record<"adds" | "updates", Record<string, unknown>>> } }>;
  };
  for (const [urn, { goal }] of Object.entries(plan.resourcePlans)) {
    if (!urn.includes("::pulumi:pulumi:Stack::")) continue;
    for (const outputs of Object.values(goal?.outputDiff ?? {})) if ("releases" in outputs) outputs["releases"] = UNKNOWN;
  }
  return JSON.stringify(plan);
}

const writeRecord = (root: string, plan: Plan): Promise<void> => writeFile(recordFile(root, plan.id), JSON.stringify(plan, undefined, 2));

async function readPlans(root: string): Promise<Plan[]> {
  const ids = await readdir(join(root, FOLDER)).catch(() => []);
  return Promise.all(
    ids
      .filter((id) => existsSync(recordFile(root, id)))
      .map(async (id) => JSON.parse(await readFile(recordFile(root, id), "utf8")) as Plan),
  );
}
