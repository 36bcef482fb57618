/** The stack's lock, as Pulumi's program sees it: its command holds it, or else it holds it itself. */
import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { type Container, findContainer } from "../engine/containers.ts";
import type { Owner } from "../release/labels.ts";
import { LOCK_VARIABLE, lockName, takeLock } from "../engine/lock.ts";

/** Milliseconds that a command may take from making its lock to holding it. */
const STARTING = 20_000;

/**
 * Makes sure that nobody else changes the stack while this program's update does. A preview changes nothing, and holds nothing. Taken
 * here, the lock lasts as long as this process, which Pulumi lets live until its last deletion is done.
 * @throws UserError where another one holds the stack, or the lock of this program's command is gone
 */
export async function holdStack(owner: Owner): Promise<void> {
  if (pulumi.runtime.isDryRun()) return;
  const shown = process.env[LOCK_VARIABLE];
  if (shown === undefined) {
    await (
      await takeLock(owner, "pulumi up")
    ).held;
    return;
  }
  const lock = await started(lockName(owner));
  if (lock?.Id !== shown)
    throw new pulumi.RunError(
      `the lock of stack ${owner.stack} that this update had is gone, and another one may be at work: run it again (nothing was changed)`,
    );
}

/** The lock once it runs; undefined where there is none. */
async function started(name: string): Promise<Container | undefined> {
  for (const began = Date.now(); ; await sleep(50)) {
    const lock = await findContainer(name);
    if (lock === undefined || lock.State.Status === "running") return lock;
    if (Date.now() - began > STARTING) return undefined;
  }
}
