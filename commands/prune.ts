/** Removes what of a stack nobody needs any more: only what carries its labels, and data only where that is asked for. */
import { Command } from "commander";
import { withWait } from "./update/hold.ts";
import { EngineError } from "../docker/engineError.ts";
import { listImages, tagsOf } from "../engine/images.ts";
import { partIs, LABEL, ownedBy } from "../release/labels.ts";
import { removeThing } from "../engine/remove.ts";
import { listVolumes } from "../engine/volumes.ts";
import { type Facts, type Surplus, surplusOf } from "./prune/surplus.ts";
import { agree } from "./shared/agree.ts";
import { main, paint } from "./shared/cli.ts";
import { openPulumi } from "../stack/pulumiCli.ts";
import { chooseStack, type Outputs } from "../stack/stack.ts";
import { refuseIfLost } from "./update/lostRecord.ts";
import { makeWay, viewStack, type View } from "./update/update.ts";

const options = withWait(
  new Command("prune")
    .description("Lists what of the stack's containers, images, networks and volumes nobody needs any more, asks, and removes it.")
    .option("-s, --stack <name>", "stack to look at (default: the selected one, else dev)")
    .option("--with-data", "data that the stack does not use any more, too")
    .option("--yes", "do not ask")
    .option("--json", "print the list for machines, and remove nothing"),
)
  .parse()
  .opts<{ stack?: string; withData?: true; yes?: true; json?: true }>();

await main(async () => {
  const pulumi = await openPulumi();
  const stack = await chooseStack(pulumi, options.stack);
  const view = options.json ? await viewStack(pulumi, stack) : await makeWay(pulumi, stack);
  refuseIfLost(stack, view);
  const all = surplusOf(await factsOf(view));
  const list = all.filter(({ data }) => options.withData || !data);
  if (options.json) {
    console.log(JSON.stringify({ stack, surplus: list }, undefined, 2));
    return 0;
  }
  for (const { kind, name, why, data } of list) console.log(`${kind} ${data ? paint("red", name) : name}: ${why}`);
  if (all.length > list.length)
    console.log(`${all.length - list.length} volumes with data stay: npm run prune -- --with-data --stack ${stack}`);
  if (list.length === 0) {
    console.log(`There is nothing to remove on stack ${stack}.`);
    return 0;
  }
  const withData = list.some(({ data }) => data);
  await agree({
    text: withData ? `${paint("red", "This deletes data for good.")} Type the stack's name to go on:` : "Remove all of this?",
    wanted: withData ? stack : "y",
    agreed: options.yes === true,
  });
  const left = (await removeEach(list)).length;
  console.log(`Removed ${list.length - left} of ${list.length}.`);
  return left > 0 ? 1 : 0;
});

/** Returns those that could not be removed, each told of with the engine's words. */
async function removeEach(list: readonly Surplus[]): Promise<Surplus[]> {
  const left: Surplus[] = [];
  for (const surplus of list) {
    await removeThing(surplus.kind, surplus.name).catch((error: unknown) => {
      if (!(error instanceof EngineError)) throw error;
      left.push(surplus);
      console.log(`left ${surplus.kind} ${surplus.name}: ${error.message}`);
    });
  }
  return left;
}

async function factsOf({ owner, declared, found }: View): Promise<Facts> {
  const { release, releases = [], canary } = declared.outputs as Partial<Outputs>;
  const repository = `${owner.project}-${owner.stack}`.toLowerCase();
  const [images, unused, copies] = await Promise.all([
    listImages({ ...ownedBy(owner), reference: [repository] }),
    listVolumes({ ...ownedBy(owner), dangling: ["true"] }),
    listVolumes(ownedBy(owner, partIs("snapshot"))),
  ]);
  return {
    declared,
    found,
    images: images
      .flatMap((image) => tagsOf([image]).map((name) => ({ name, id: image.Id })))
      .filter(({ name }) => name.startsWith(`${repository}:`)),
    unused: new Set(unused.map(({ Name }) => Name)),
    copiedFor: new Map(copies.map(({ Name, Labels }) => [Name, Labels?.[LABEL.release] ?? ""])),
    releases: [...releases.map(({ name }) => name), ...(canary ? [canary.release] : [])],
    live: release,
  };
}
