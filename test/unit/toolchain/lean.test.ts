/** Only Pulumi's program starts lean: every other Node, such as one of the user's, is as it was. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { temporaryFolder, write } from "../../support/folders.ts";

const LEAN = join(process.cwd(), "toolchain", "lean.cjs");
const SEEN = `
  Error.prepareStackTrace = () => "mapped";
  console.log(JSON.stringify([Object.keys(require("typescript")).length > 0, new Error("x").stack === "mapped", process.env.PULUMI_NODEJS_TYPESCRIPT]));`;

/** What a program at this path sees: TypeScript, stacks by its own rules, and whether Pulumi is to compile. */
function seenBy(path: string): unknown {
  const folder = temporaryFolder();
  write(join(folder, "node_modules/typescript/index.js"), "exports.version = 1");
  write(join(folder, path), SEEN);
  return JSON.parse(
    execFileSync(process.execPath, ["--require", LEAN, join(folder, path)], {
      encoding: "utf8",
      env: { ...process.env, PULUMI_NODEJS_TYPESCRIPT: "true" },
    }),
  ) as unknown;
}

test("Pulumi's program has neither what it would serialise functions with nor source maps, and compiles nothing", () => {
  expect(seenBy("node_modules/@pulumi/pulumi/cmd/run/index.js")).toEqual([false, false, "false"]);
});

test("another program has all of it", () => {
  expect(seenBy("program.js")).toEqual([true, true, "true"]);
});
