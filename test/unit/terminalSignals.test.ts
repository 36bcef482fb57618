/** Pulumi gets each wish to end once, whatever way it comes. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { atTerminal, onOldNode, project, type Project, type Terminal } from "../support/terminal.ts";

const CTRL_C = "\u0003";
const UP = "npm run --silent up -- --yes";
/** Longer than what counts as one wish. */
const A_WHILE = 1100;

async function begin(line = UP, variables: NodeJS.ProcessEnv = {}): Promise<{ stack: Project; terminal: Terminal; runner: number }> {
  const stack = project({}, variables);
  const terminal = atTerminal(stack, line);
  await terminal.shows("pulumi is at work true");
  const runner = Number(/run\.mjs is process (\d+)/.exec(terminal.shown())?.[1]);
  return { stack, terminal, runner };
}

describe.each([
  ["a terminal", UP],
  ["a pipe", `sleep 30 | ${UP}`],
])("with standard input from %s", (_, line) => {
  test("Ctrl-C reaches Pulumi once, which ends its step, and the command ends with 130", async () => {
    const { stack, terminal } = await begin(line);
    terminal.type(CTRL_C);
    expect(await terminal.ended).toBe(130);
    expect(stack.notes().slice(1)).toEqual(["SIGINT", "ended"]);
    expect(terminal.shown()).toContain("error: pulumi up was interrupted, and has ended what it had begun");
  });

  test("a second Ctrl-C reaches Pulumi too, which ends at once", async () => {
    const { stack, terminal } = await begin(line, { STEP: "15000" });
    terminal.type(CTRL_C);
    await stack.noted("SIGINT");
    await sleep(A_WHILE);
    terminal.type(CTRL_C);
    expect(await terminal.ended).toBe(130);
    expect(stack.notes().slice(1)).toEqual(["SIGINT", "SIGINT", "terminated"]);
  });
});

test("two Ctrl-C within a second are one wish: a hand that trembles does not cut a step off", async () => {
  const { stack, terminal } = await begin();
  terminal.type(CTRL_C);
  await sleep(100);
  terminal.type(CTRL_C);
  expect(await terminal.ended).toBe(130);
  expect(stack.notes().slice(1)).toEqual(["SIGINT", "ended"]);
});

describe.each([
  ["in the process of run.mjs", () => ({})],
  ["in a process of its own, on an older Node", onOldNode],
])("%s", (_, variables) =>
  test.each([
    ["SIGTERM to run.mjs alone", (_: number, runner: number) => process.kill(runner, "SIGTERM"), 143],
    ["SIGTERM to npm alone", (npm: number) => process.kill(npm, "SIGTERM"), 143],
    ["SIGTERM to the whole group", (npm: number) => process.kill(-npm, "SIGTERM"), 143],
    ["SIGINT to run.mjs alone", (_: number, runner: number) => process.kill(runner, "SIGINT"), 130],
  ])("%s has Pulumi end its step, once", async (_, send, code) => {
    const { stack, terminal, runner } = await begin(UP, variables());
    send(terminal.pid, runner);
    expect(await terminal.ended).toBe(code);
    await stack.noted("ended"); // npm does not wait for it when its shell has got the signal
    expect(stack.notes().slice(1)).toEqual(["SIGINT", "ended"]);
  }),
);

test("a connection that is lost has Pulumi end its step, once", async () => {
  const { stack, terminal } = await begin();
  terminal.close();
  await stack.noted("ended");
  expect(stack.notes().slice(1)).toEqual(["SIGINT", "ended"]);
});

test("Ctrl-C before Pulumi has begun keeps it from beginning", async () => {
  const early = project({
    early: `
import { main } from ${JSON.stringify(require.resolve("../../commands/shared/cli.ts"))};
import { pulumiIn } from ${JSON.stringify(require.resolve("../../stack/pulumiCli.ts"))};
const pulumi = pulumiIn(process.cwd(), process.env);
await main(async () => {
  console.log("looking");
  await new Promise((next) => setTimeout(next, 1000));
  await pulumi.change(["up"]);
}, { onSignal: () => pulumi.interrupt() });
`,
  });
  const terminal = atTerminal(early, "npm run --silent early");
  await terminal.shows("looking");
  terminal.type(CTRL_C);
  expect(await terminal.ended).toBe(130);
  expect(early.notes()).toEqual([]);
  expect(terminal.shown()).toContain("error: it was interrupted before pulumi up began");
});

test("without a terminal SIGINT to run.mjs reaches Pulumi once", async () => {
  const stack = project();
  const child = spawn(process.execPath, ["commands/run.mjs", "up", "--yes"], {
    cwd: stack.folder,
    env: stack.env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  await new Promise<void>((ready) => child.stdout.on("data", (text: Buffer) => text.includes("at work") && ready()));
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(stack.notes().slice(1)).toEqual(["SIGINT", "ended"]);
});

test("an update in the background of a shell leaves the keys of the terminal alone", async () => {
  const stack = project({}, { WORK: "1500" });
  const terminal = atTerminal(stack, `set -m; ${UP} & read line; echo "the shell got $line"; wait`);
  await terminal.shows("at work");
  terminal.type("keys\r");
  await terminal.shows("the shell got keys");
  expect(await terminal.ended).toBe(0);
});
