/** An update of a stack as all commands make it: one at a time, with drift healed and nothing left over. */
import { constants } from "node:os";
import type { Owner } from "../../release/labels.ts";
import { paint, UserError } from "../shared/cli.ts";
import { showAndAsk } from "./ask.ts";
import { provideAccessoryImages } from "./accessoryImages.ts";
import { type Declared, readDeclared } from "../../stack/record.ts";
import { openEngine } from "../../engine/openEngine.ts";
import { compare, describe, type Finding, urnsToReplace } from "../view/driftRules.ts";
import { orphansOf } from "../view/orphans.ts";
import { aidsFor, routeFor } from "./firstAid.ts";
import { aidRoute, giveAid } from "./giveAid.ts";
import { type Found, lookAtEngine } from "../../engine/found.ts";
import { removeLeftHolders, removeOrphans } from "./leftovers.ts";
import { clearDeadLocks, clearNamedLocks, readLocks, refuseIfHeld } from "../../stack/pulumiLock.ts";
import { refuseIfLost, unrecordedData } from "./lostRecord.ts";
import { stateFolder } from "../../stack/backend.ts";
import { projectName } from "../../stack/settingsFile.ts";
import { settle } from "../../steps/snapshot.ts";
import { shortenOutputs } from "../../stack/longOutputs.ts";
import { beginToHold, heldStack } from "./hold.ts";
import { prepareEngine } from "./prepare.ts";
import { endStrays } from "../../stack/processes.ts";
import type { PulumiCli } from "../../stack/pulumiCli.ts";
import { exportStack, readRecord } from "../../stack/stack.ts";

const KILLED = 128 + constants.signals.SIGKILL;

/** A stack by Pulumi's record and by the engine's word. */
export interface View {
  readonly owner: Owner;
  readonly declared: Declared;
  readonly found: Found;
  readonly findings: readonly Finding[];
}

/** Asks Pulumi and the engine at once. @throws UserError where one of them does not answer */
export async function viewStack(cli: PulumiCli, stack: string): Promise<View> {
  const owner = await openEngine(cli, stack);
  const [exported, found] = await Promise.all([readRecord(cli, stack), lookAtEngine(owner)]);
  return seen(owner, exported, found);
}

/** Like `viewStack`, of the stack that was asked for, else the selected one, else `dev`. */
export async function openView(cli: PulumiCli, asked: string | undefined): Promise<{ stack: string; view: View }> {
  const { stack, exported } = await exportStack(cli, asked);
  const owner = await openEngine(cli, stack);
  return { stack, view: seen(owner, exported, await lookAtEngine(owner)) };
}

function seen(owner: Owner, exported: string, found: Found): View {
  const declared = readDeclared(exported);
  return { owner, declared, found, findings: compare(declared, found) };
}

export interface UpdateOptions {
  /** Whether a person has agreed already; else one is shown what will change, and asked. */
  readonly agreed: boolean;
  /** The stack as it is just now, where it is known already. */
  readonly view?: View | undefined;
}

/**
 * Runs a `pulumi up` with these words. Where nobody has agreed yet, Berth shows a preview and asks by itself, so that
 * Pulumi never has to.
 * @throws UserError where another update is at work on the stack, where Pulumi's record of it is lost, or with the cause of a failure
 */
export async function update(cli: PulumiCli, stack: string, words: readonly string[], { agreed, view }: UpdateOptions): Promise<void> {
  const before = await makeWay(cli, stack, { known: view, early: true });
  refuseIfLost(stack, before);
  const data = unrecordedData(stack, before);
  if (data !== undefined) console.log(`${paint("yellow", "data:")} ${data}`);
  if (before.declared.pending > 0) await forgetPending(cli, stack);
  for (const finding of before.findings) console.log(`${paint("yellow", "drift:")} ${describe(finding)}`);
  await provideAccessoryImages(cli.root, stack);
  if (!isCalm(before)) await heldStack();
  await removeLeftHolders(before, agreed);
  if (!agreed) await showAndAsk(cli, stack, [...words, ...replacing(before)]);
  const now = await help(cli, stack, before);
  await changeAlone(cli, stack, [...words, ...(agreed ? [] : ["--yes", "--skip-preview"]), ...replacing(now)]).catch(
    async (error: unknown) => {
      await heldStack(); // where the lock could not be had, that is why
      throw error;
    },
  );
  await removeOrphans(cli, stack, before.owner, before);
}

const replacing = ({ findings }: View): string[] => urnsToReplace(findings).flatMap((urn) => ["--replace", urn]);

/**
 * For every command that changes a stack: nobody else changes it until this command has ended, and what one that was cut off has left
 * is put right. Returns the stack as it is then.
 * @param known the stack as it was just before, where it is known already
 * @param early whether the caller waits for `heldStack` by itself where all is calm. Default: false
 * @throws UserError where another update is at work on it
 */
export async function makeWay(
  cli: PulumiCli,
  stack: string,
  { known, early = false }: { known?: View | undefined; early?: boolean } = {},
): Promise<View> {
  const owner = await prepareEngine(cli, stack);
  const isNew = await beginToHold(cli, owner);
  const view = (isNew ? undefined : known) ?? (await viewStack(cli, stack));
  endStrays(cli.root);
  if (early && isCalm(view) && (await readLocks(cli, stack)).length === 0) return view;
  await heldStack();
  const cleared = await clearDeadLocks(cli, stack);
  const settled = await settle(owner);
  const repaired = await repairOutputs(cli, stack, view);
  return cleared || settled || repaired ? viewStack(cli, stack) : view;
}

/** Whether a stack is as its last update left it: nothing is to be done before Pulumi begins. */
const isCalm = ({ declared, found, findings }: View): boolean =>
  findings.length === 0 &&
  declared.pending === 0 &&
  !declared.hasLongOutputs &&
  !found.containers.some(({ part }) => part === "snapshot") &&
  orphansOf(declared, found).containers.length === 0;

/** Makes an update of a stack possible again that has a command in its record whose output no program can be given any more. */
async function repairOutputs(cli: PulumiCli, stack: string, { declared }: View): Promise<boolean> {
  if (!declared.hasLongOutputs) return false;
  const shorter = shortenOutputs(await cli.read(["stack", "export", "--show-secrets", "--stack", stack]));
  if (shorter === undefined) return false;
  await cli.read(["stack", "import", "--stack", stack], shorter);
  console.log(
    `${paint("yellow", "record:")} what a step had printed was too long to be handed on, and every update failed by it: the record keeps the end of it.`,
  );
  return true;
}

/**
 * Drops what a killed update was about to do, of which Pulumi would warn at every update to come. What it has done
 * nevertheless is found again by its labels. Only the stack's own entry is refreshed, because that takes no time.
 */
async function forgetPending(cli: PulumiCli, stack: string): Promise<void> {
  const words = await refreshWords(cli, stack);
  try {
    await cli.read(words);
  } catch (error) {
    if (!(await clearNamedLocks(cli, stack, (error as Error).message))) throw error;
    await cli.read(words);
  }
}

async function refreshWords(cli: PulumiCli, stack: string): Promise<string[]> {
  const [project, name] = [await projectName(cli.root), stack.split("/").at(-1) ?? stack];
  return [
    "refresh",
    "--yes",
    "--skip-preview",
    "--clear-pending-creates",
    "--target",
    `urn:pulumi:${name}::${project}::pulumi:pulumi:Stack::${project}-${name}`,
    "--stack",
    stack,
  ];
}

/** Like `PulumiCli.change`, which does not say who was quicker, nor that it was killed. */
export async function changeAlone(cli: PulumiCli, stack: string, words: readonly string[], log?: string): Promise<void> {
  try {
    await cli.change(words, log);
  } catch (error) {
    endStrays(cli.root);
    if (!(error instanceof UserError && /ended with exit code/.test(error.message))) throw error;
    await refuseIfHeld(cli, stack);
    if (error.exitCode !== KILLED && (await hadDeadLock(cli, stack))) return cli.change(words, log);
    throw error.exitCode === KILLED
      ? new UserError(`Pulumi was killed in the middle of its work: run npm run up -- --stack ${stack}, which puts all right`, KILLED)
      : error;
  }
}

/**
 * Whether a dead Pulumi's lock had this one refuse, which is gone then; in a folder it is found before.
 * @throws UserError where another update may be at work
 */
async function hadDeadLock(cli: PulumiCli, stack: string): Promise<boolean> {
  if ((await stateFolder(cli)) !== undefined) return false;
  await heldStack();
  const { errors } = await cli.capture(await refreshWords(cli, stack)); // it takes the lock, too, and its refusal can be read
  return clearNamedLocks(cli, stack, errors);
}

/** Puts right at once what can be, and looks again. */
async function help(cli: PulumiCli, stack: string, view: View): Promise<View> {
  const aids = aidsFor(view.declared, view.found);
  if (aids.length > 0) await giveAid(aids);
  const found = aids.length > 0 ? await lookAtEngine(view.owner) : view.found;
  const route = routeFor(view.declared, found);
  if (route) await aidRoute(route);
  return aids.length > 0 || route ? viewStack(cli, stack) : view;
}
