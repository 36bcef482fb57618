import { Command, Option } from "commander";
import { stopEngine } from "../toolchain/engine.ts";
import { thisMachine } from "../toolchain/machine.ts";
import { allNeeds } from "../toolchain/needs.ts";
import { setUp } from "../toolchain/setup.ts";
import { checkoutRoot } from "../toolchain/root.ts";
import { main } from "./cli.ts";

const command = new Command("setup")
  .description("Makes sure that this machine has all that Berth needs: engine, Pulumi, plugins and images.")
  .addOption(new Option("--engine <kind>", "which engine to provide").choices(["classic", "current"]).default("classic"))
  .option("--stop-engine", "stop the engine that set-up has started, and do nothing else")
  .option("--json", "print the result for machines")
  .parse();
const options = command.opts<{ engine: "classic" | "current"; stopEngine?: true; json?: true }>();

await main(async () => {
  const root = checkoutRoot();
  const machine = thisMachine(root);
  if (options.stopEngine) {
    const stopped = await stopEngine(machine);
    console.log(stopped ? "Stopped the engine that set-up had started." : "No engine runs that set-up has started.");
    return;
  }
  await setUp(root, options.json ? { progress: "none" } : {});
  if (options.json) {
    const needs = allNeeds(machine);
    const found = await Promise.all(needs.map((need) => need.look()));
    console.log(JSON.stringify(needs.map((need, i) => ({ name: need.name, wanted: need.wanted, ...found[i] })), undefined, 2));
  } else {
    console.log("This machine is set up.");
  }
});
