/** Says what `up` would change. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { main } from "./cli.ts";
import { readEvents } from "./events.ts";
import { changesOf } from "./operations.ts";
import { openPulumi, type PulumiCli } from "./pulumiCli.ts";
import { askHost } from "./room.ts";
import { makeStack } from "./stack.ts";
import { summarise, type Summary } from "./summary.ts";
import { summaryText } from "./summaryText.ts";

const command = new Command("preview")
  .description("Says what `npm run up` would change. Other options go to `pulumi preview`.")
  .option("--stack <name>", "stack to look at (default: the selected one, else dev)")
  .option("--json", "print the changes for machines")
  .option("--outputs", "show the stack's outputs too")
  .allowUnknownOption()
  .allowExcessArguments()
  .parse();
const options = command.opts<{ stack?: string; json?: true; outputs?: true }>();

let pulumi: PulumiCli | undefined;
await main(
  async () => {
    const cli = (pulumi = await openPulumi());
    const stack = await makeStack(cli, options.stack);
    const folder = await mkdtemp(join(tmpdir(), "berth-preview-"));
    const log = join(folder, "events");
    const words = ["preview", "--stack", stack, ...(options.outputs ? [] : ["--suppress-outputs"]), ...command.args];
    try {
      if (options.json) {
        const { code, out, errors } = await cli.capture([...words, "--json", "--event-log", log]);
        process.stderr.write(errors);
        process.stdout.write(code === 0 ? `${JSON.stringify({ ...(JSON.parse(out) as object), summary: await summaryOf(stack, log) }, undefined, 4)}\n` : out);
        return code;
      }
      await cli.change(words, log);
      console.log(summaryText(await summaryOf(stack, log)));
      return 0;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  { onSignal: (signal) => pulumi?.interrupt(signal) },
);

async function summaryOf(stack: string, log: string): Promise<Summary> {
  const changes = changesOf(stack, readEvents(await readFile(log, "utf8")));
  return summarise(changes, await askHost(changes));
}
