/** All checks of the project, cheapest first. The last line counts them. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { ACCESSORY_KINDS } from "../settings/accessoryKinds.ts";
import { browserNeed } from "../toolchain/browser.ts";
import { dockerCliNeed } from "../toolchain/engine.ts";
import { pulumiEnvironment } from "../toolchain/environment.ts";
import { thisMachine } from "../toolchain/machine.ts";
import { accessoryNeed, allNeeds, backupNeeds } from "../toolchain/needs.ts";
import { checkoutRoot } from "../toolchain/root.ts";
import { setUp, startCurrentEngine, stopCurrentEngine } from "../toolchain/setup.ts";
import { sweep } from "../test/e2e/support/leftovers.ts";
import { main, paint, UserError } from "./shared/cli.ts";
import { countNodeTests, type Counts, sumUp } from "./shared/testCounts.ts";

const PHASES = ["lint", "types", "app", "unit", "e2e"] as const;
/** Phases that take one processor and leave the others idle, which begin together. */
const TOGETHER: readonly string[] = ["lint", "types", "app"];
/** Phases with a command of their own, because they take long. */
const MORE = ["current"] as const;
type Phase = (typeof PHASES)[number] | (typeof MORE)[number];

const command = new Command("test")
  .description(
    `Runs the checks: ${PHASES.join(", ")}. Without a phase: all of them. Another phase, current, runs e2e on the newest engine.`,
  )
  .argument("[phase]", "one phase only")
  .argument("[pattern...]", "for unit and e2e: test files whose path matches")
  .option("--coverage", "for unit: measure what the tests reach")
  .option("--long", "for e2e: also what takes long and is much like another test")
  .parse();
const [phase, ...pattern] = command.args;
const options = command.opts<{ coverage?: true; long?: true }>();

const root = checkoutRoot();
const children = new Set<ReturnType<typeof spawn>>();
let env: NodeJS.ProcessEnv = process.env;

const runners: Record<Phase, () => Promise<Counts>> = {
  current: async () => {
    const { dockerHost, netns } = await startCurrentEngine(root);
    env = { ...env, DOCKER_HOST: dockerHost };
    try {
      // Loopback ports of that engine answer only in its network namespace.
      return await jest("jest.e2e.config.mjs", [], ["nsenter", `--net=${netns}`]);
    } finally {
      await sweep(env);
      await stopCurrentEngine(root);
    }
  },
  lint: async () => {
    await appInstalled(); // the rules look at the types of its packages
    return sumUp([
      await check("node_modules/eslint/bin/eslint.js", "."),
      await check("node_modules/prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."),
    ]);
  },
  types: async () =>
    sumUp([await check("node_modules/typescript/bin/tsc", "-p", "."), await check("node_modules/typescript/bin/tsc", "-p", "app")]),
  // All of them have to reach what jest.config.mjs asks for; some of them cannot.
  unit: () => jest("jest.config.mjs", options.coverage || (phase === undefined && pattern.length === 0) ? ["--coverage"] : []),
  app: async () => {
    await appInstalled();
    const { code, output } = await run(process.execPath, ["--test", "--test-reporter=spec", "app/test/*.test.ts"]);
    const counts = countNodeTests(output);
    return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  },
  e2e: async () => {
    try {
      return await jest("jest.e2e.config.mjs", []);
    } finally {
      await sweep(env); // an interrupted run has not cleaned up after itself
    }
  },
};

/** A program whose exit code is the one check it makes. */
async function check(...words: string[]): Promise<Counts> {
  if (words.includes("app")) await appInstalled();
  const { code } = await run(process.execPath, words);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

async function jest(config: string, words: string[], within: string[] = []): Promise<Counts> {
  const folder = await mkdtemp(join(tmpdir(), "berth-results-"));
  try {
    const file = join(folder, "results.json");
    const [program = "", ...rest] = [...within, process.execPath, "node_modules/jest/bin/jest.js"];
    const { code } = await run(program, [...rest, "--config", config, "--json", `--outputFile=${file}`, ...words, ...pattern], {
      quiet: !words.includes("--coverage"),
    });
    if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
    const results = JSON.parse(await readFile(file, "utf8")) as {
      numPassedTests: number;
      numFailedTests: number;
      numPendingTests: number;
      numRuntimeErrorTestSuites: number;
    };
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    return { passed: results.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed, skipped: results.numPendingTests };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs one and says how it went. */
async function inPhase(name: Phase): Promise<Counts> {
  const started = Date.now();
  const counts = await runners[name]();
  const mark = counts.failed === 0 ? paint("green", "passed") : paint("red", "FAILED");
  console.log(`\n${name}: ${mark} in ${Math.round((Date.now() - started) / 1000)} s\n`);
  return counts;
}

let installing: Promise<void> | undefined;
/** Installs the app's packages once, unless they are the ones of its package-lock.json. */
function appInstalled(): Promise<void> {
  return (installing ??= installApp());
}

async function installApp(): Promise<void> {
  const modules = join(root, "app", "node_modules");
  const stamp = join(modules, ".berth-packages");
  const wanted = createHash("sha256")
    .update(await readFile(join(root, "app", "package-lock.json")))
    .digest("hex");
  if ((await readFile(stamp, "utf8").catch(() => "")) === wanted) return;
  const { code } = await run("npm", ["ci", "--prefix", "app", "--no-audit", "--no-fund", "--loglevel=error"]);
  if (code !== 0) throw new UserError("npm ci in app/ failed: see its message above");
  await writeFile(stamp, wanted);
}

/** Runs a program whose output is also shown, unless it prints its results to standard output for a machine. */
function run(program: string, words: readonly string[], { quiet = false } = {}): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    let output = "";
    const child = spawn(program, words, { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] });
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (!quiet) process.stdout.write(text);
    });
    children.add(child);
    child.on("error", reject);
    child.on("close", (code) => {
      children.delete(child);
      resolve({ code: code ?? 1, output });
    });
  });
}

await main(
  async () => {
    const all: readonly Phase[] = [...PHASES, ...MORE];
    const wanted = phase === undefined ? PHASES : all.filter((name) => name === phase);
    if (wanted.length === 0) throw new UserError(`there is no phase "${phase}": choose one of ${all.join(", ")}`);
    if (wanted.some((name) => name === "e2e" || name === "current")) {
      const machine = thisMachine(root);
      const accessories = ACCESSORY_KINDS.map((kind) => accessoryNeed(machine, kind)); // now, and not in the middle of a test
      await setUp(root, { needs: [...allNeeds(machine), dockerCliNeed(), ...backupNeeds(machine), ...accessories] });
      await setUp(root, { needs: [browserNeed()] }).catch((error: unknown) => console.error(`${(error as Error).message}`));
      env = { ...(await pulumiEnvironment(root)), ...(options.long && { BERTH_LONG: "1" }) };
    }
    const results = await Promise.all(wanted.filter((name) => TOGETHER.includes(name)).map(inPhase));
    for (const name of wanted.filter((other) => !TOGETHER.includes(other))) results.push(await inPhase(name));
    const total = sumUp(results);
    console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ""}`);
    return total.failed === 0 ? 0 : 1;
  },
  { onSignal: (signal) => [...children].map((child) => child.kill(signal)).includes(true) },
);
