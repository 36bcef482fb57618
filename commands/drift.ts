/** Says where the engine differs from what Pulumi wrote. Exit code 2 where it does. */
import { Command } from "commander";
import { main, paint } from "./shared/cli.ts";
import { describe } from "./view/driftRules.ts";
import { holderOf, whose } from "../engine/lock.ts";
import { refuseIfLost } from "./update/lostRecord.ts";
import { openPulumi } from "../stack/pulumiCli.ts";
import { chooseStack } from "../stack/stack.ts";
import { viewStack } from "./update/update.ts";

const options = new Command("drift")
  .description("Asks the engine, not the state, whether all is as the last update left it. Exit code 2 where it is not.")
  .option("-s, --stack <name>", "stack to look at (default: the selected one, else dev)")
  .option("--json", "print the differences for machines")
  .parse()
  .opts<{ stack?: string; json?: true }>();

await main(
  async () => {
    const pulumi = await openPulumi();
    const stack = await chooseStack(pulumi, options.stack);
    const { owner, declared, found, findings } = await viewStack(pulumi, stack);
    const lock = await holderOf(owner);
    refuseIfLost(stack, { declared, found });
    if (lock && !options.json) console.log(`Somebody changes the stack (${whose(lock, Date.now())}): what follows may be its doing.`);
    if (options.json) console.log(JSON.stringify({ stack, updating: lock !== undefined, drift: findings }, undefined, 2));
    else if (declared.route === undefined) console.log(`Nothing is live on stack ${stack}.`);
    else if (findings.length === 0) console.log(`No drift on stack ${stack}: the engine has what Pulumi wrote.`);
    else {
      for (const finding of findings) console.log(`${paint("yellow", "drift:")} ${describe(finding)}`);
      const own = findings.filter(({ kind }) => kind !== "extra");
      if (own.length > 0) console.log(`\nnpm run up -- --stack ${stack} puts it right.`);
    }
    return findings.length > 0 ? 2 : 0;
  },
  { onlyReads: true },
);
