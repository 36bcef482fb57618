/** The log lines of a stack's containers, each led by its container's name. */
import { Command } from "commander";
import { main, paint, UserError } from "./shared/cli.ts";
import { EngineError } from "../docker/engineError.ts";
import { logLines } from "../engine/containers.ts";
import { openEngine } from "../engine/openEngine.ts";
import { containersOf } from "../engine/stackContainers.ts";
import { openPulumi } from "../stack/pulumiCli.ts";
import { chooseStack } from "../stack/stack.ts";

const command = new Command("logs")
  .description("Prints the log lines of the app's containers, or of the accessories that are named.")
  .argument("[accessory...]", "print these instead of the app's")
  .option("-s, --stack <name>", "stack to look at (default: the selected one, else dev)")
  .option("-f, --follow", "go on with new lines until Ctrl-C")
  .option("-n, --tail <lines>", "last lines of each container", "100")
  .option("--gateway", "the gateway's lines, too: one for each request")
  .parse();
const options = command.opts<{ stack?: string; follow?: true; tail: string; gateway?: true }>();

const COLOURS = ["cyan", "magenta", "yellow", "blue", "green"] as const;

await main(
  async () => {
    if (!/^(\d+|all)$/.test(options.tail)) throw new UserError(`--tail is "${options.tail}": want a number of lines, or all`);
    const pulumi = await openPulumi();
    const stack = await chooseStack(pulumi, options.stack);
    const all = await containersOf(await openEngine(pulumi, stack));
    const accessories = all.filter(({ accessory }) => accessory !== "");
    const unknown = command.args.find((name) => !accessories.some(({ accessory }) => accessory === name));
    if (unknown !== undefined)
      throw new UserError(
        `stack ${stack} has no accessory ${unknown}: ${accessories.length > 0 ? `it has ${accessories.map(({ accessory }) => accessory).join(", ")}` : "it has none"}`,
      );
    const wanted =
      command.args.length > 0
        ? accessories.filter(({ accessory }) => command.args.includes(accessory))
        : all.filter(({ part }) => part === "web");
    const containers = [...wanted, ...all.filter(({ part }) => options.gateway && part === "gateway")];
    if (containers.length === 0) throw new UserError(`no container of stack ${stack} is there: npm run up -- --stack ${stack}`);
    const printed = await Promise.allSettled(
      containers.map(({ name }, index) => printLog(name, COLOURS[index % COLOURS.length] ?? "cyan")),
    );
    await flush();
    for (const outcome of printed) if (outcome.status === "rejected") throw outcome.reason;
  },
  { onlyReads: true },
);

/** One that has gone since it was listed has no more lines. @throws EngineError */
async function printLog(name: string, colour: (typeof COLOURS)[number]): Promise<void> {
  const tail = options.tail === "all" ? {} : { tail: Number(options.tail) };
  try {
    for await (const line of logLines(name, { ...tail, follow: options.follow === true })) await print(`${paint(colour, name)} ${line}\n`);
  } catch (error) {
    if (!(error instanceof EngineError && error.status === 404)) throw error;
  }
}

/** Waits for whoever reads: a log may be larger than memory. */
async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await flush();
}

/** Until a slow reader has taken all. */
function flush(): Promise<void> {
  return new Promise((resolve) => process.stdout.write("", () => resolve()));
}
