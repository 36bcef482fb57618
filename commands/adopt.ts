/** Rebuilds Pulumi's record of a stack that runs. */
import { Command } from "commander";
import { withWait } from "./update/hold.ts";
import { adoptStack } from "./adopt/adopt.ts";
import { main, paint, UserError } from "./shared/cli.ts";
import { openPulumi, type PulumiCli } from "../stack/pulumiCli.ts";
import { makeStack } from "../stack/stack.ts";
import { mendRecords } from "../stack/mendRecords.ts";
import { makeWay } from "./update/update.ts";

const options = withWait(
  new Command("adopt")
    .description(
      "Rebuilds Pulumi's record of a stack from what runs on the engine, where the state was lost. Touches nothing on the engine. See docs/guides/lost-state.md.",
    )
    .option("-s, --stack <name>", "stack to adopt (default: the selected one, else dev)"),
)
  .parse()
  .opts<{ stack?: string }>();

let pulumi: PulumiCli | undefined;
await main(
  async () => {
    const cli = (pulumi = await openPulumi());
    await mendRecords(cli);
    const stack = await makeStack(cli, options.stack);
    const { owner, declared, found } = await makeWay(cli, stack);
    if (!declared.empty)
      throw new UserError(
        `Pulumi's record of stack ${stack} is there: adopt is for a state that was lost. What differs from the engine says: npm run drift -- --stack ${stack}`,
      );
    const { release, data, differences } = await adoptStack(cli, stack, owner, found);
    const what = [
      ...(release === undefined ? [] : [`release ${paint("bold", release)} is live`]),
      ...(data.length > 0 ? [`the data are in ${data.join(", ")}`] : []),
    ].join(", ");
    console.log(`\nPulumi's record of stack ${stack} is back: ${what}. Nothing on the engine was touched.`);
    if (release === undefined) console.log(`npm run up -- --stack ${stack} makes the rest.`);
    else if (differences.length === 0) console.log("An update would change nothing.");
    else console.log(`An update would change ${differences.join(", ")}. Look at it first: npm run preview -- --stack ${stack}`);
  },
  { onSignal: () => pulumi?.interrupt() },
);
