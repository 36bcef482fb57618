/** Measures updates by Berth and by Docker Compose, side by side on this engine. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { readOrigin } from "../source/origin.ts";
import { composeNeeds } from "../toolchain/compose.ts";
import { pulumiEnvironment } from "../toolchain/environment.ts";
import { thisMachine } from "../toolchain/machine.ts";
import { checkoutRoot } from "../toolchain/root.ts";
import { setUp } from "../toolchain/setup.ts";
import { type Part, PARTS } from "../test/bench/figures.ts";
import { RUN, sweep } from "../test/e2e/support/leftovers.ts";
import { main, UserError } from "./shared/cli.ts";

function bad(word: string): never {
  throw new UserError(`there is nothing to measure called "${word}": known: ${PARTS.join(", ")}`);
}
const number = (text: string): number => {
  if (!/^[1-9]\d*$/.test(text)) throw new UserError(`"${text}" is not a whole number from 1 on`);
  return Number(text);
};
const list = (text: string): Part[] => text.split(",").map((word) => PARTS.find((part) => part === word) ?? bad(word));

const ended = new AbortController();

await main(
  async () => {
    const options = new Command("bench")
      .description("Measures updates by Berth and by Docker Compose, side by side on this engine, with stacks of their own. Linux only.")
      .option("--runs <n>", "measure each thing so often", number, 5)
      .option("--parts <names>", `measure only these, separated by commas: ${PARTS.join(", ")}`, list)
      .option("--json", "print the figures for machines")
      .parse()
      .opts<{ runs: number; parts?: Part[]; json?: true }>();
    if (process.platform !== "linux") throw new UserError("the bench reads /proc, which is Linux's: run it on a Linux machine");
    const root = checkoutRoot();
    const say = (line: string) => (options.json ? console.error(line) : console.log(line));
    await setUp(root);
    await setUp(root, { needs: composeNeeds(thisMachine(root)) });
    process.env["PATH"] = (await pulumiEnvironment(root)).PATH; // the rest each command sets for itself
    process.env[RUN] = String(process.pid);
    process.chdir(root);
    await sweep(); // what a run has left that was killed
    const { runBench } = await import("../test/bench/main.ts"); // loaded late: it takes the environment from the moment that it is loaded
    const command = ["npm run bench --", `--runs ${options.runs}`, ...(options.parts ? [`--parts ${options.parts.join(",")}`] : [])].join(
      " ",
    );
    const commit = (await readOrigin()).commit ?? "unknown";
    const outcome = await runBench({ root, parts: options.parts ?? PARTS, runs: options.runs, command, commit, signal: ended.signal, say });
    const written = Object.entries(outcome.files).flatMap(([name, text]) => [
      { file: join(".berth", "bench", name), text },
      ...(options.parts || name.endsWith(".json") ? [] : [{ file: join("docs", name), text }]),
    ]);
    for (const { file, text } of written) {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    if (options.json) console.log(outcome.json);
    say(`Written: ${written.map(({ file }) => file).join(", ")}`);
    return outcome.holds ? 0 : 1;
  },
  {
    onSignal: (signal) => {
      console.error(`${signal}: cleaning up ...`);
      ended.abort();
      return true;
    },
  },
);
