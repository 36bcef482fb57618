/** Makes things go wrong while a stack is updated under load, and says whether that hurt anybody. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, Option } from "commander";
import { pulumiEnvironment } from "../toolchain/environment.ts";
import { checkoutRoot } from "../toolchain/root.ts";
import { setUp } from "../toolchain/setup.ts";
import { readOrigin } from "../source/origin.ts";
import { sweep } from "../test/e2e/support/leftovers.ts";
import type { Outcome } from "../test/chaos/main.ts";
import { abortOnce, main, UserError } from "./shared/cli.ts";

const number = (text: string): number => {
  if (!/^\d+$/.test(text)) throw new UserError(`"${text}" is not a whole number`);
  return Number(text);
};
const list = (text: string): string[] => text.split(",");

const options = new Command("chaos")
  .description("Strikes a stack of its own with faults at every step of an update, under load. Needs root on the engine's machine.")
  .option("--seed <n>", "decides the order and every choice (default: the time)", number)
  .option("--cells <n>", "run only so many cells", number)
  .option("--fault <names>", "run only these faults, separated by commas", list)
  .option("--step <names>", "run only these steps, separated by commas", list)
  .addOption(
    new Option("--sequences [steps]", "random sequences of operations against a model, at least so many steps")
      .preset("200")
      .argParser(number),
  )
  .addOption(
    new Option("--endurance [requests]", "releases back to back until so many requests are answered").preset("1000000").argParser(number),
  )
  .addOption(
    new Option(
      "--durability [rows]",
      "at least so many rows written to SQLite and to PostgreSQL while releases, rollbacks, a restart of an engine of its own and a SIGKILL of everything go by",
    )
      .preset("50000")
      .argParser(number),
  )
  .option(
    "--questions",
    "each question of each command and step to the engine, answered with an error, with half an answer, and not at all",
  )
  .option("--parts <names>", "of --questions only these commands and steps, separated by commas", list)
  .option("--json", "print the results for machines")
  .parse()
  .opts<{
    seed?: number;
    cells?: number;
    fault?: string[];
    step?: string[];
    sequences?: number;
    endurance?: number;
    durability?: number;
    questions?: true;
    parts?: string[];
    json?: true;
  }>();

const ended = new AbortController();

await main(
  async () => {
    const root = checkoutRoot();
    await setUp(root);
    Object.assign(process.env, await pulumiEnvironment(root));
    process.chdir(root);
    const folder = join(root, ".berth", "chaos");
    await mkdir(folder, { recursive: true });
    await sweep(); // what a run has left that was killed
    const say = (line: string) => (options.json ? console.error(line) : console.log(line));
    const keep = async ({ files }: Outcome) => {
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    };
    const seed = options.seed ?? Math.floor(Date.now() / 1000);
    const common = { seed, say, signal: ended.signal };
    // Loaded late: it takes the environment from the moment that it is loaded.
    const { chaosDurability, chaosEndurance, chaosMatrix, chaosQuestions, chaosSequences } = await import("../test/chaos/main.ts");
    const outcome = options.questions
      ? await chaosQuestions({ ...common, only: options.parts, keep })
      : options.sequences !== undefined
        ? await chaosSequences({ ...common, steps: options.sequences })
        : options.durability !== undefined
          ? await chaosDurability({ ...common, rows: options.durability })
          : options.endurance !== undefined
            ? await chaosEndurance({ ...common, requests: options.endurance })
            : await chaosMatrix({ ...common, ...options, seed, commit: (await readOrigin()).commit ?? "unknown", keep });
    await keep(outcome);
    if (options.json) console.log(outcome.json);
    say(`Written to .berth/chaos: ${Object.keys(outcome.files).join(", ")}`);
    return outcome.holds && !ended.signal.aborted ? 0 : 1;
  },
  {
    onSignal: (signal) => {
      console.error(`${signal}: cleaning up ...`);
      return abortOnce(ended);
    },
  },
);
