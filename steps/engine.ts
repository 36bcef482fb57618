/** What the steps share: their input, the docker command, and how they fail. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** A failure that is explained in full by its message. */
export class StepError extends Error {}

/** A failure of which not even the repair succeeded: the cause comes first. */
export const withRepair = (cause: unknown, repair: string, second: unknown): StepError =>
  new StepError(`${(cause as Error).message}\n  ${repair}: ${(second as Error).message}`);

/** The input that `components/step.ts` handed over. */
export function readInput<Input>(): Input {
  return JSON.parse(process.env["BERTH_INPUT"] ?? "{}") as Input;
}

/** Runs a step to its end: a StepError is printed without a stack and ends the process with exit code 1. */
export async function runStep(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface DockerOptions {
  readonly stdin?: string | Buffer;
  /** Ends the command early. */
  readonly signal?: AbortSignal;
}

/** Runs `docker` with these words; the engine is the one of its environment. Never throws on a bad exit code. */
export function tryDocker(words: readonly string[], { stdin, signal }: DockerOptions = {}): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn("docker", words, { stdio: ["pipe", "pipe", "pipe"], ...(signal && { signal }) });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", (error) => (signal?.aborted ? resolve({ code: 1, stdout, stderr }) : reject(error)));
    child.on("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
    child.stdin.on("error", () => undefined); // a command that ends before it has read all says so by its exit code
    child.stdin.end(stdin);
  });
}

/** Like `tryDocker`, for commands that must succeed. @throws StepError with the engine's own words. */
export async function docker(words: readonly string[], options?: DockerOptions): Promise<string> {
  const { code, stdout, stderr } = await tryDocker(words, options);
  if (code !== 0) throw new StepError(`docker ${words.slice(0, 2).join(" ")} failed: ${(stderr || stdout).trim()}`);
  return stdout.trim();
}

/** What the engine and kamal-proxy say while a gateway is just starting. */
const NOT_READY = /is not running|is restarting|dial unix|connection refused/;

/** Runs kamal-proxy's command line in the gateway, and again until it takes commands: just after its start it does not. */
export async function tryGateway(gateway: string, words: readonly string[], { seconds = 20, signal }: { seconds?: number; signal?: AbortSignal } = {}): Promise<Result> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const result = await tryDocker(["exec", gateway, "kamal-proxy", ...words], signal && { signal });
    if (result.code === 0 || !NOT_READY.test(result.stderr)) return result;
    if (result.stderr.includes("is not running")) await tryDocker(["start", gateway]); // the engine leaves one alone that somebody has stopped
    if (Date.now() > end) throw new StepError(`gateway ${gateway} takes no commands after ${seconds} s: ${result.stderr.trim()}\nLook at it with: docker logs ${gateway}`);
    await sleep(200);
  }
}

/** Like `tryGateway`, for commands that must succeed. @throws StepError with the gateway's own words. */
export async function tellGateway(gateway: string, words: readonly string[]): Promise<void> {
  const { code, stderr } = await tryGateway(gateway, words);
  if (code !== 0) throw new StepError(`the gateway refused ${words[0]}: ${stderr.trim().replace(/^Error: /, "")}`);
}
