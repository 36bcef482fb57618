/** The docker command. */
import { spawn } from "node:child_process";
import { EngineError } from "./engineError.ts";

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

/** Like `tryDocker`, for commands that must succeed. @throws EngineError with the engine's own words. */
export async function docker(words: readonly string[], options?: DockerOptions): Promise<string> {
  const { code, stdout, stderr } = await tryDocker(words, options);
  if (code !== 0) throw new EngineError(`docker ${words.slice(0, 2).join(" ")} failed: ${(stderr || stdout).trim()}`);
  return stdout.trim();
}
