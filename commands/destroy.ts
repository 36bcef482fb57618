/** Removes what a stack made. The data stay, unless they are asked for by name. */
import { createInterface } from "node:readline/promises";
import { Command } from "commander";
import { main, paint, UserError } from "./shared/cli.ts";
import { removeBackupWork } from "./backups/records.ts";
import { docker, openEngine } from "./shared/docker.ts";
import { openPulumi, type PulumiCli } from "./shared/pulumiCli.ts";
import { chooseStack } from "./shared/stack.ts";
import { removeOrphans } from "./update/leftovers.ts";
import { changeAlone, makeWay, viewStack } from "./update/update.ts";
import { ownedBy } from "../components/owner.ts";

const options = new Command("destroy")
  .description("Removes the stack's containers, images and network. Its data volumes stay.")
  .option("--stack <name>", "stack to destroy (default: the selected one, else dev)")
  .option("--with-data", "delete the data volumes as well")
  .option("--yes", "do not ask")
  .parse()
  .opts<{ stack?: string; withData?: true; yes?: true }>();

let pulumi: PulumiCli | undefined;
await main(
  async () => {
    const cli = (pulumi = await openPulumi());
    const stack = await chooseStack(cli, options.stack);
    const owner = await openEngine(cli.root, stack);
    const volumes = (await docker("volume", "ls", "--quiet", ...ownedBy(owner), "--filter", "label=berth.part=data")).split("\n").filter(Boolean);
    await confirm(stack, volumes);
    await makeWay(cli, stack);
    const words = ["destroy", "--yes", "--skip-preview", "--stack", stack];
    const before = await viewStack(cli, stack);
    if (!options.withData) {
      await changeAlone(cli, stack, [...words, "--exclude-protected"]);
      await removeOrphans(cli, stack, owner, before);
      console.log(volumes.length > 0 ? `\nThe data are still there: ${volumes.join(", ")}\nnpm run up finds them again; npm run destroy -- --with-data deletes them.` : "\nNothing is left.");
      return;
    }
    await changeAlone(cli, stack, [...words, "--ignore-protect"]);
    await removeOrphans(cli, stack, owner, before);
    await removeBackupWork(owner);
    if (volumes.length > 0) await docker("volume", "rm", ...volumes);
    console.log(`\nNothing is left${volumes.length > 0 ? `; deleted data: ${volumes.join(", ")}` : ""}.`);
  },
  { onSignal: (signal) => pulumi?.interrupt(signal) },
);

/** With data to lose, the stack's name has to be typed. @throws UserError where the answer is not that. */
async function confirm(stack: string, volumes: readonly string[]): Promise<void> {
  if (options.yes) return;
  if (!process.stdin.isTTY) throw new UserError("there is no terminal to ask on: add --yes if you are sure");
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const [what, wanted] = options.withData
    ? [`${paint("red", `This deletes stack ${stack} and its data (${volumes.join(", ") || "none"}) for good.`)} Type the stack's name to go on: `, stack]
    : [`This removes stack ${stack}; its data stay (${volumes.join(", ") || "none"}). Go on? [y/N] `, "y"];
  const answer = await prompt.question(what);
  prompt.close();
  if (answer.trim() !== wanted) throw new UserError("nothing was changed");
}
