/** The log lines of a stack's containers, each led by its container's name. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Command } from "commander";
import { main, paint, UserError } from "./shared/cli.ts";
import { containersOf, openEngine } from "./shared/docker.ts";
import { openPulumi } from "./shared/pulumiCli.ts";
import { chooseStack } from "./shared/stack.ts";

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

await main(async () => {
  if (!/^(\d+|all)$/.test(options.tail)) throw new UserError(`--tail is "${options.tail}": want a number of lines, or all`);
  const pulumi = await openPulumi();
  const stack = await chooseStack(pulumi, options.stack);
  const all = await containersOf(await openEngine(pulumi.root, stack));
  const accessories = all.filter(({ accessory }) => accessory !== "");
  const unknown = command.args.find((name) => !accessories.some(({ accessory }) => accessory === name));
  if (unknown !== undefined) throw new UserError(`stack ${stack} has no accessory ${unknown}: ${accessories.length > 0 ? `it has ${accessories.map(({ accessory }) => accessory).join(", ")}` : "it has none"}`);
  const wanted = command.args.length > 0 ? accessories.filter(({ accessory }) => command.args.includes(accessory)) : all.filter(({ part }) => part === "web");
  const containers = [...wanted, ...all.filter(({ part }) => options.gateway && part === "gateway")];
  if (containers.length === 0) throw new UserError(`no container of stack ${stack} is there: npm run up -- --stack ${stack}`);
  await Promise.all(containers.map(({ name }, index) => printLog(name, COLOURS[index % COLOURS.length] ?? "cyan")));
}, { onlyReads: true });

function printLog(name: string, colour: (typeof COLOURS)[number]): Promise<void> {
  const child = spawn("docker", ["logs", "--tail", options.tail, ...(options.follow ? ["--follow"] : []), name], { stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", (line) => console.log(`${paint(colour, name)} ${line}`));
  return new Promise((resolve) => child.on("close", () => resolve()));
}
