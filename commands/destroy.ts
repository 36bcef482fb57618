/** Removes what a stack made. The data stay, unless they are asked for by name. */
import { Command } from "commander";
import { releaseStack, withWait } from "./update/hold.ts";
import { agree } from "./shared/agree.ts";
import { main, paint, UserError } from "./shared/cli.ts";
import { removeBackupWork } from "./backups/records.ts";
import { EngineError } from "../docker/engineError.ts";
import { listContainers, removeContainer } from "../engine/containers.ts";
import { listImages, tagsOf } from "../engine/images.ts";
import { openEngine } from "../engine/openEngine.ts";
import { listVolumes, removeVolume } from "../engine/volumes.ts";
import { openPulumi, type PulumiCli } from "../stack/pulumiCli.ts";
import { chooseStack } from "../stack/stack.ts";
import { removeOrphans } from "./update/leftovers.ts";
import { changeAlone, makeWay } from "./update/update.ts";
import { lookAtEngine } from "../engine/found.ts";
import { partIs, ownedBy, type Owner, type Part } from "../release/labels.ts";

const options = withWait(
  new Command("destroy")
    .description("Removes the stack's containers, images and network. Its data volumes stay.")
    .option("-s, --stack <name>", "stack to destroy (default: the selected one, else dev)")
    .option("--with-data", "delete the data volumes as well")
    .option("--yes", "do not ask"),
)
  .parse()
  .opts<{ stack?: string; withData?: true; yes?: true }>();

let pulumi: PulumiCli | undefined;
await main(
  async () => {
    const cli = (pulumi = await openPulumi());
    const stack = await chooseStack(cli, options.stack);
    const owner = await openEngine(cli, stack);
    const found = await Promise.all((["data", "snapshot"] as const).map((part) => listVolumes(ownedBy(owner, partIs(part)))));
    const volumes = found.flat().map(({ Name }) => Name);
    await confirm(stack, owner, volumes);
    const words = ["destroy", "--yes", "--skip-preview", "--stack", stack];
    const before = await makeWay(cli, stack);
    if (!options.withData) {
      await changeAlone(cli, stack, [...words, "--exclude-protected"]);
      await removeOrphans(cli, stack, owner, before);
      await releaseStack();
      console.log(
        volumes.length > 0
          ? `\nThe data are still there: ${volumes.join(", ")}\nnpm run up finds them again; npm run destroy -- --with-data deletes them.`
          : "\nNothing is left.",
      );
      return;
    }
    await changeAlone(cli, stack, [...words, "--ignore-protect"]);
    await removeOrphans(cli, stack, owner, before);
    await removeHelpers(owner);
    await removeBackupWork(owner);
    await removeVolumes(volumes);
    await releaseStack();
    console.log(`\nNothing is left${volumes.length > 0 ? `; deleted data: ${volumes.join(", ")}` : ""}.`);
  },
  { onSignal: () => pulumi?.interrupt() },
);

/** Asks, with all that will go listed above. With data to lose, the stack's name has to be typed. */
async function confirm(stack: string, owner: Owner, volumes: readonly string[]): Promise<void> {
  const [{ containers, networks }, images] = await Promise.all([lookAtEngine(owner), listImages(ownedBy(owner))]);
  const lists = {
    containers: containers.map(({ name }) => name),
    networks: networks.map(({ name }) => name),
    images: tagsOf(images),
  };
  for (const [kind, names] of Object.entries(lists)) if (names.length > 0) console.log(`${kind}: ${names.sort().join(", ")}`);
  await agree({
    text: options.withData
      ? `${paint("red", `This deletes stack ${stack} and its data (${volumes.join(", ") || "none"}) for good.`)} Type the stack's name to go on:`
      : `This removes stack ${stack}; its data stay (${volumes.join(", ") || "none"}). Go on?`,
    wanted: options.withData ? stack : "y",
    agreed: options.yes === true,
  });
}

/** Containers that copy, and are nobody's by now. */
async function removeHelpers(owner: Owner): Promise<void> {
  const list = (part: Part) => listContainers(ownedBy(owner, partIs(part)), { all: true });
  const found = await Promise.all([list("helper"), list("snapshot")]);
  for (const { Id } of found.flat()) await removeContainer(Id);
}

/** Removes all that it can. @throws UserError that names those that are left, and why */
async function removeVolumes(names: readonly string[]): Promise<void> {
  const left: string[] = [];
  for (const name of names) {
    await removeVolume(name).catch((error: unknown) => {
      if (!(error instanceof EngineError)) throw error;
      left.push(`  ${name}: ${error.message}`);
    });
  }
  if (left.length > 0) throw new UserError(`the stack is gone, and these data are left:\n${left.join("\n")}`);
}
