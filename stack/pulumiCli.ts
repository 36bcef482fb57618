/** The Pulumi CLI as the commands use it: found by set-up, with the right backend and the chosen stack. */
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pulumiEnvironment } from "../toolchain/environment.ts";
import { thisMachine } from "../toolchain/machine.ts";
import { toolNeeds } from "../toolchain/needs.ts";
import { checkoutRoot } from "../toolchain/root.ts";
import { setUp } from "../toolchain/setup.ts";
import { BUILD_LOGS } from "../source/buildLog.ts";
import { stateFolder } from "./backend.ts";
import { buildStory, failureOf, hasReadCtrlC } from "./failure.ts";
import { UserError } from "../settings/userError.ts";
import { Interrupted } from "./interrupted.ts";
import { MARK, markOf } from "./processes.ts";
import { askToEnd, endOf, startPulumi } from "./pulumiProcess.ts";
import { removeHalfWritten } from "./sidecars.ts";
import { interruption } from "./signals.ts";

export interface PulumiCli {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs `pulumi` for a person to watch; returns its exit code. */
  run(words: readonly string[]): Promise<number>;
  /**
   * Runs `pulumi` and returns how it ended and what it printed.
   * @param stdin what it is given to read; default: what this process is given
   */
  capture(
    words: readonly string[],
    stdin?: string | Buffer,
  ): Promise<{ readonly code: number; readonly out: string; readonly errors: string }>;
  /** Like `capture`, and returns what it prints. @throws UserError with its last words. */
  read(words: readonly string[], stdin?: string | Buffer): Promise<string>;
  /**
   * Runs an operation that changes the stack, for a person to watch.
   * @param log file for Pulumi's event log; default: one that is removed at the end
   * @throws UserError that leads with the cause where Pulumi's own output ends with a summary; Interrupted where this
   * command has been asked to end, before or during it
   */
  change(words: readonly string[], log?: string): Promise<void>;
  /**
   * To be called for each wish to end. The first has Pulumi end its present step in order, and keeps any further change
   * from beginning; the next has it end at once. Returns whether that is to be waited for.
   */
  interrupt(): boolean;
}

/**
 * Sets the machine up with Pulumi and its plugins where they are missing, which takes no time where they are not. The engine is its stack's
 * affair.
 */
export async function openPulumi(root = checkoutRoot()): Promise<PulumiCli> {
  await setUp(root, { needs: toolNeeds(thisMachine(root)) });
  const cli = pulumiIn(root, {
    ...(await pulumiEnvironment(root)),
    PULUMI_DEBUG_COMMANDS: "true", // which is what makes --event-log known
    [MARK]: markOf(root),
  });
  const folder = await stateFolder(cli);
  if (folder !== undefined) await removeHalfWritten(folder);
  return cli;
}

/** Pulumi's verbs that take a signal as a wish to end in order. Others take no time, and would leave a file half written. */
const OPERATIONS = new Set(["up", "preview", "refresh", "destroy"]);

/** Of this command, whichever backend they work on. */
const operating = new Set<ChildProcess>();
let wishes = 0;

/** The CLI with the whole environment given: that of another one with, say, another backend. */
export function pulumiIn(root: string, env: NodeJS.ProcessEnv): PulumiCli {
  const started = (words: readonly string[], stdio: Parameters<typeof startPulumi>[2]) => {
    const child = startPulumi({ cwd: root, env }, words, stdio);
    if (OPERATIONS.has(words[0] ?? "")) operating.add(child.on("close", () => operating.delete(child)));
    return child;
  };

  const cli: PulumiCli = {
    root,
    env,
    run: (words) => endOf(started(words, { stdin: "person", output: "shown" })),
    async capture(words, stdin) {
      const child = started([...words, "--non-interactive"], { stdin: stdin === undefined ? "person" : "pipe", output: "pipe" });
      child.stdin?.on("error", () => undefined); // it may end before it has read all
      child.stdin?.end(stdin);
      let out = "";
      let errors = "";
      child.stdout?.setEncoding("utf8").on("data", (text: string) => (out += text));
      child.stderr?.setEncoding("utf8").on("data", (text: string) => (errors += text));
      return { code: await endOf(child), out, errors };
    },
    async read(words, stdin) {
      const { code, out, errors } = await cli.capture(words, stdin);
      if (code === 0) return out;
      throw new UserError((errors || out).trim().replace(/^error: /, ""));
    },
    async change(words, asked) {
      if (interruption.aborted) throw new Interrupted(`it was interrupted before pulumi ${words[0]} began`);
      const folder = await mkdtemp(join(tmpdir(), "berth-events-"));
      const log = asked ?? join(folder, "events");
      try {
        const code = await cli.run([...words, "--event-log", log]);
        if (code === 0) return;
        const events = existsSync(log) ? await readFile(log, "utf8") : "";
        if (interruption.aborted || hasReadCtrlC(events))
          throw new Interrupted(`pulumi ${words[0]} was interrupted, and has ended what it had begun`);
        const cause = failureOf(events) ?? `pulumi ${words[0]} ended with exit code ${code}`;
        throw new UserError(cause.includes("buildx build") ? await withBuildLog(cause, root) : cause, code);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    interrupt() {
      const waits = [...operating].map(askToEnd).includes(true);
      return wishes++ === 0 || waits;
    },
  };
  return cli;
}

/** A failed build's own last words, which the provider leaves out. */
async function withBuildLog(cause: string, root: string): Promise<string> {
  const folder = join(root, BUILD_LOGS);
  const files = await Promise.all((await readdir(folder)).map(async (name) => ({ name, time: (await stat(join(folder, name))).mtimeMs })));
  const newest = files.sort((a, b) => b.time - a.time)[0];
  if (!newest) return cause;
  return `the image could not be built: ${cause.replace(/^.*failed to solve: /s, "")}\n${buildStory(await readFile(join(folder, newest.name), "utf8"))}\n  The whole log: ${join(BUILD_LOGS, newest.name)}. What was live before goes on serving.`;
}
