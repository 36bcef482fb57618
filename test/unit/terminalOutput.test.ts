/** What a command prints arrives whole; where nobody reads, a command that reads ends, and one that changes goes on. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { project } from "../support/terminal.ts";

const source = (file: string) => JSON.stringify(require.resolve(`../../commands/${file}`));
const command = (action: string, options = "onSignal: () => pulumi.interrupt()") => `
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { main, UserError } from ${source("shared/cli.ts")};
import { pulumiIn } from ${source("../stack/pulumiCli.ts")};
const pulumi = pulumiIn(process.cwd(), process.env);
const lines = async () => { for (let n = 0; n < 20; n++) { console.log("line " + n); await sleep(20); } appendFileSync(process.env.NOTES, "to the end 1\\n"); };
await main(async () => { ${action} }, { ${options} });
`;
const MEGABYTE = 1_000_000;
const stack = project({
  json: command(`console.log(JSON.stringify("x".repeat(${MEGABYTE}))); return 3;`),
  failing: command(`throw new UserError("x".repeat(${MEGABYTE}), 4);`),
  reading: command("await lines();", "onlyReads: true"),
  changing: command("await lines();"),
  previewing: command('await pulumi.change(["preview"]);', "onlyReads: true, onSignal: () => pulumi.interrupt()"),
});
const start = (verb: string, variables: NodeJS.ProcessEnv = {}) =>
  spawn(process.execPath, ["commands/run.mjs", verb], {
    cwd: stack.folder,
    env: { ...stack.env, ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
const endOf = async (child: ReturnType<typeof start>) => ((await once(child, "close")) as [number])[0];
const shell = (line: string) => spawnSync("bash", ["-c", line], { cwd: stack.folder, env: stack.env, encoding: "utf8" });

test("a megabyte arrives whole in a pipe whose reader takes its time, with the exit code", () => {
  const { stdout } = shell('node commands/run.mjs json | (sleep 1; wc -c); echo "${PIPESTATUS[0]}"');
  expect(stdout).toBe(`${MEGABYTE + 3}\n3\n`);
});

test("a long error arrives whole", () => {
  const { stdout } = shell('node commands/run.mjs failing 2>&1 >/dev/null | (sleep 1; wc -c); echo "${PIPESTATUS[0]}"');
  expect(stdout).toBe(`${"error: ".length + MEGABYTE + 1}\n4\n`);
});

test("a command that only reads ends quietly where its reader goes", () => {
  const { stdout, stderr } = shell('node commands/run.mjs reading | head -1; echo "${PIPESTATUS[0]}"');
  expect(stdout).toBe("line 0\n0\n");
  expect(stderr).toBe("");
  expect(stack.notes()).not.toContain("to the end");
});

test("a command that changes something goes on to its end where its reader goes, and fails", () => {
  const { stdout, stderr } = shell('node commands/run.mjs changing | head -1; echo "${PIPESTATUS[0]}"');
  expect(stdout).toBe("line 0\n1\n");
  expect(stderr).toBe(
    "error: not all that was printed could be written (write EPIPE); the work went on to its end all the same: npm run status tells what is live\n",
  );
  expect(stack.notes()).toContain("to the end");
});

test("Pulumi is not ended by a reader that goes", async () => {
  const child = start("up", { PRINT: "1", WORK: "1000" });
  await once(child.stdout, "data");
  child.stdout.destroy();
  expect(await endOf(child)).toBe(1);
  expect(stack.notes()).toContain("done");
});

test("a preview whose reader goes is ended in order, quietly", async () => {
  const child = start("previewing", { PRINT: "1", STEP: "50" });
  await once(child.stdout, "data");
  child.stdout.destroy();
  expect(await endOf(child)).toBe(0);
  expect(stack.notes().slice(-2)).toEqual(["SIGINT", "ended"]);
});

test("Ctrl-C ends a command whose reader does not read", async () => {
  const child = start("json");
  await once(child.stdout, "readable"); // which alone takes nothing out
  child.kill("SIGINT");
  const started = Date.now();
  const code = await new Promise((resolve) => child.on("exit", resolve));
  expect(code).toBe(130);
  expect(Date.now() - started).toBeLessThan(10_000);
  child.stdout.destroy();
});
