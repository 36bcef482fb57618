/** What a command that changes a stack needs on the stack's engine, before it asks for more. */
import { openEngine } from "../../engine/openEngine.ts";
import type { Owner } from "../../release/labels.ts";
import type { PulumiCli } from "../../stack/pulumiCli.ts";
import { thisMachine } from "../../toolchain/machine.ts";
import { engineNeeds } from "../../toolchain/needs.ts";
import { setUp } from "../../toolchain/setup.ts";

/**
 * Like `openEngine`, and sees to it that the engine runs and has Berth's own images: one of this machine is installed and started
 * where there is none, one elsewhere never. Commands that only read do without. @throws UserError with each source that was tried
 */
export async function prepareEngine(cli: PulumiCli, stack: string): Promise<Owner> {
  const owner = await openEngine(cli, stack);
  await setUp(cli.root, { needs: engineNeeds(thisMachine(cli.root)) });
  return owner;
}
