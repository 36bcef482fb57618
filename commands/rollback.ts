/** Brings an earlier release back, with its image and its settings. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { main, paint, UserError } from "./cli.ts";
import { openPulumi, type PulumiCli } from "./pulumiCli.ts";
import { chooseRelease } from "./releaseChoice.ts";
import { openStack, readOutputs } from "./stack.ts";
import { update } from "./update.ts";

const options = new Command("rollback")
  .description("Brings an earlier release back as it was: its image and its settings. Nothing is built.")
  .option("--to <release>", "release to bring back (default: the one that was live before this one)")
  .option("--stack <name>", "stack to roll back (default: the selected one, else dev)")
  .parse()
  .opts<{ to?: string; stack?: string }>();

let pulumi: PulumiCli | undefined;
await main(
  async () => {
    const cli = (pulumi = await openPulumi());
    const { stack, outputs } = await openStack(cli, options.stack);
    const { release: live, releases } = outputs;
    const target = chooseRelease(live, releases, options.to);
    console.log(`Bringing back release ${target.name} (now live: ${live}) on stack ${stack}.`);
    const settingsFile = join(cli.root, `Pulumi.${stack}.yaml`);
    const before = await readFile(settingsFile, "utf8");
    try {
      // --config also keeps the choice in the stack's settings file: until it is removed, app/ is not built.
      await update(cli, stack, ["up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", stack, "--config", `berth:release=${target.name}`], { agreed: true });
    } catch (error) {
      const { release: now } = await readOutputs(cli, stack);
      if (now !== target.name) await writeFile(settingsFile, before);
      const outcome = now === target.name ? `release ${now} is live, but the update did not come to its end` : `the rollback failed, ${now} stays live`;
      throw error instanceof UserError ? new UserError(`${outcome}: ${error.message}`, error.exitCode) : error;
    }
    console.log(`\nRelease ${paint("bold", target.name)} is live again. To build app/ again: npm run pulumi -- config rm berth:release --stack ${stack}`);
  },
  { onSignal: (signal) => pulumi?.interrupt(signal) },
);
