/** Runs a program of `steps/` as Pulumi does: a process of its own, input by the environment, an engine by its address. */
import { spawn } from "node:child_process";
import type { StepInputs } from "../../components/step.ts";
import type { FakeEngine } from "./fakeEngine.ts";

export interface StepResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** How long it ran, in seconds. */
  readonly seconds: number;
}

export function runStep<Verb extends keyof StepInputs>(
  verb: Verb,
  input: StepInputs[Verb],
  engine: FakeEngine,
  { stdin = "", env = {} }: { stdin?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<StepResult> {
  return runNode([`steps/${verb}.ts`], { ...engine.env, BERTH_INPUT: JSON.stringify(input), ...env }, stdin);
}

/** Runs this very Node in the project's folder. */
export function runNode(words: readonly string[], env: NodeJS.ProcessEnv, stdin = ""): Promise<StepResult> {
  const started = Date.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, words, { env, stdio: "pipe" });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr, seconds: (Date.now() - started) / 1000 }));
    child.stdin.on("error", () => undefined); // it may end without reading its input
    child.stdin.end(stdin);
  });
}
