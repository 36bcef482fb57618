/** An update that outlives its terminal. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { atTerminal, project } from "../support/terminal.ts";

const source = (file: string) => JSON.stringify(require.resolve(`../../commands/${file}`));
const PROGRAM = `
import { main } from ${source("shared/cli.ts")};
import { pulumiIn } from ${source("../stack/pulumiCli.ts")};
import { startDetached } from ${source("update/detached.ts")};
const pulumi = pulumiIn(process.cwd(), process.env);
let detached;
await main(async () => {
  if (process.argv[2] === "--detach") {
    detached = await startDetached(process.cwd(), ["alone"]);
    console.log("process " + detached.process.pid + " prints to " + detached.file);
    return detached.follow();
  }
  await pulumi.change(["up"]);
  console.log("released");
}, { onSignal: (signal) => (detached ? signal !== "SIGHUP" && detached.process.kill("SIGINT") : pulumi.interrupt()) });
`;
const UP = "npm run --silent detaching -- --detach";
const printed = (folder: string) => {
  const updates = join(folder, ".berth/updates");
  return readFileSync(join(updates, readdirSync(updates)[0] ?? ""), "utf8");
};

test("a connection that is lost does not reach it: it goes on to its end, and what it prints is kept", async () => {
  const stack = project({ detaching: PROGRAM }, { WORK: "1500" });
  const terminal = atTerminal(stack, UP);
  await terminal.shows("pulumi is at work false");
  terminal.close();
  await stack.noted("done");
  expect(stack.notes()).toHaveLength(2);
  expect(printed(stack.folder)).toContain("pulumi is at work");
});

test("it is shown to its end where the terminal stays, with its exit code", async () => {
  const stack = project({ detaching: PROGRAM }, { WORK: "500" });
  const terminal = atTerminal(stack, UP);
  expect(await terminal.ended).toBe(0);
  expect(terminal.shown()).toContain("released");
});

test("Ctrl-C ends it in order, once", async () => {
  const stack = project({ detaching: PROGRAM });
  const terminal = atTerminal(stack, UP);
  await terminal.shows("pulumi is at work false");
  terminal.type("\u0003");
  expect(await terminal.ended).toBe(130);
  expect(stack.notes().slice(1)).toEqual(["SIGINT", "ended"]);
  expect(terminal.shown()).toContain("pulumi up was interrupted");
});
