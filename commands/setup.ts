/** Makes sure that this machine has all that Berth needs. Silent work: nothing is done where nothing is missing. */
import { Command, Option } from "commander";
import { runningCurrentEngine } from "../toolchain/currentEngine.ts";
import { stopEngine } from "../toolchain/engine.ts";
import { thisMachine } from "../toolchain/machine.ts";
import { allNeeds, type EngineKind } from "../toolchain/needs.ts";
import { checkoutRoot } from "../toolchain/root.ts";
import { setUp, stopCurrentEngine } from "../toolchain/setup.ts";
import { main } from "./shared/cli.ts";

const options = new Command("setup")
  .description("Makes sure that this machine has all that Berth needs: engine, Pulumi, plugins and images.")
  .addOption(
    new Option("--engine <kind>", "classic: the engine at DOCKER_HOST or the default socket; current: build the newest and run it beside")
      .choices(["classic", "current"])
      .default("classic"),
  )
  .option("--stop-engine", "stop the engines that set-up has started, and do nothing else")
  .option("--json", "print the result for machines")
  .parse()
  .opts<{ engine: EngineKind; stopEngine?: true; json?: true }>();

await main(async () => {
  const root = checkoutRoot();
  if (options.stopEngine) return stop(root);
  await setUp(root, { engine: options.engine, ...(options.json && { progress: "none" }) });
  if (options.json) return printJson(root);
  console.log("This machine is set up.");
  if (options.engine === "current") await printHowToUse(root);
});

async function stop(root: string): Promise<void> {
  const stopped = [await stopEngine(thisMachine(root)), await stopCurrentEngine(root)].filter(Boolean).length;
  const result = stopped === 0 ? "No engine runs that set-up has started." : `Stopped ${stopped} that set-up had started.`;
  console.log(options.json ? JSON.stringify({ stopped }) : result);
}

async function printJson(root: string): Promise<void> {
  const machine = thisMachine(root);
  const needs = allNeeds(machine, options.engine);
  const found = await Promise.all(needs.map((need) => need.look()));
  const current = options.engine === "current" ? { currentEngine: await runningCurrentEngine(machine) } : {};
  console.log(JSON.stringify({ needs: needs.map(({ name, wanted }, i) => ({ name, wanted, ...found[i] })), ...current }, undefined, 2));
}

async function printHowToUse(root: string): Promise<void> {
  const engine = await runningCurrentEngine(thisMachine(root));
  if (engine === undefined) return;
  console.log(`The current engine runs beside this machine's own. Use it:  export DOCKER_HOST=${engine.dockerHost}`);
  console.log(`Ports it publishes on 127.0.0.1 answer in its namespace:    nsenter --net=${engine.netns} curl http://127.0.0.1:8080`);
  console.log(`Ports it publishes on 0.0.0.0 answer at:                    ${engine.address}`);
  console.log("Stop it:                                                    npm run setup -- --stop-engine");
}
