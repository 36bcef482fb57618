/** The Pulumi CLI as the commands use it: found by set-up, with the right backend and the chosen stack. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { pulumiEnvironment } from "../toolchain/environment.ts";
import { checkoutRoot } from "../toolchain/root.ts";
import { setUp } from "../toolchain/setup.ts";
import { BUILD_LOGS } from "../source/buildLog.ts";
import { stateFolder } from "./backend.ts";
import { buildStory, failureOf } from "./failure.ts";
import { UserError } from "../settings/userError.ts";
import { MARK, markOf } from "./processes.ts";
import { removeHalfWritten } from "./sidecars.ts";

export interface PulumiCli {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs `pulumi` for a person to watch; returns its exit code. */
  run(words: readonly string[]): Promise<number>;
  /** Runs `pulumi` and returns how it ended and what it printed. @param stdin what it is given to read; default: what this process is given */
  capture(words: readonly string[], stdin?: string | Buffer): Promise<{ readonly code: number; readonly out: string; readonly errors: string }>;
  /** Like `capture`, and returns what it prints. @throws UserError with its last words. */
  read(words: readonly string[], stdin?: string | Buffer): Promise<string>;
  /**
   * Runs an operation that changes the stack, for a person to watch.
   * @param log file for Pulumi's event log; default: one that is removed at the end
   * @throws UserError that leads with the cause where Pulumi's own output ends with a summary
   */
  change(words: readonly string[], log?: string): Promise<void>;
  /** Passes a signal on, so that Pulumi can end what it is doing. */
  interrupt(signal: NodeJS.Signals): void;
}

/** Sets the machine up where something is missing, which takes no time where nothing is. */
export async function openPulumi(root = checkoutRoot()): Promise<PulumiCli> {
  await setUp(root);
  const cli = pulumiIn(root, {
    ...(await pulumiEnvironment(root)),
    PULUMI_DEBUG_COMMANDS: "true", // which is what makes --event-log known
    [MARK]: markOf(root),
    // Pulumi, its plugins and docker are Go programs that end within seconds: a tenth of their time is garbage collection.
    // They collect only near the limit. Set by the user, both stay as they are.
    GOGC: process.env["GOGC"] ?? "off",
    GOMEMLIMIT: process.env["GOMEMLIMIT"] ?? "1GiB",
  });
  const folder = await stateFolder(cli);
  if (folder !== undefined) await removeHalfWritten(folder);
  return cli;
}

/** The CLI with the whole environment given: that of another one with, say, another backend. */
export function pulumiIn(root: string, env: NodeJS.ProcessEnv): PulumiCli {
  let child: ReturnType<typeof spawn> | undefined;

  const start = (words: readonly string[], stdout: "inherit" | "pipe", stdin: "inherit" | "pipe" = "inherit") =>
    (child = spawn("pulumi", words, { cwd: root, env, stdio: [stdin, stdout, stdout === "pipe" ? "pipe" : "inherit"] }));
  const ended = (started: ReturnType<typeof spawn>) =>
    new Promise<number>((resolve, reject) => {
      started.on("error", (error) => reject(new UserError(`Pulumi could not be started: ${error.message}`)));
      started.on("close", (code, signal) => resolve(signal ? 128 + constants.signals[signal] : (code ?? 1)));
    });

  const cli: PulumiCli = {
    root,
    env,
    run: (words) => ended(start(words, "inherit")),
    async capture(words, stdin) {
      const started = start([...words, "--non-interactive"], "pipe", stdin === undefined ? "inherit" : "pipe");
      started.stdin?.on("error", () => undefined); // it may end before it has read all
      started.stdin?.end(stdin);
      let out = "";
      let errors = "";
      started.stdout?.setEncoding("utf8").on("data", (text: string) => (out += text));
      started.stderr?.setEncoding("utf8").on("data", (text: string) => (errors += text));
      return { code: await ended(started), out, errors };
    },
    async read(words, stdin) {
      const { code, out, errors } = await cli.capture(words, stdin);
      if (code === 0) return out;
      throw new UserError((errors || out).trim().replace(/^error: /, ""));
    },
    async change(words, asked) {
      const folder = await mkdtemp(join(tmpdir(), "berth-events-"));
      const log = asked ?? join(folder, "events");
      try {
        const code = await cli.run([...words, "--event-log", log]);
        if (code === 0) return;
        const events = existsSync(log) ? await readFile(log, "utf8") : "";
        const cause = failureOf(events) ?? `pulumi ${words[0]} ended with exit code ${code}`;
        throw new UserError(cause.includes("buildx build") ? await withBuildLog(cause, root) : cause, code);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    interrupt(signal) {
      // Ctrl-C in a terminal reaches Pulumi by itself, and a second one would make it stop at once.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child?.kill(signal);
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
