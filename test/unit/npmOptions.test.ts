/** Options that npm keeps for itself are refused, with the line that was meant. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKOUT, project } from "../support/terminal.ts";
import { write } from "../support/folders.ts";

const SAY = "console.log('ran', JSON.stringify(process.argv.slice(2)));";
const stack = project({ rollback: SAY });
const npm = (words: readonly string[], variables: NodeJS.ProcessEnv = {}) =>
  spawnSync("npm", ["run", "--silent", "rollback", ...words], { cwd: stack.folder, env: { ...stack.env, ...variables }, encoding: "utf8" });

/** The long options that the commands define. */
function defined(): string[] {
  const files = ["commands", "commands/shared"].flatMap((folder) =>
    readdirSync(join(CHECKOUT, folder))
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(CHECKOUT, folder, name)),
  );
  return [
    ...new Set(
      files.flatMap((file) =>
        [...readFileSync(file, "utf8").matchAll(/(?:\.option|new Option)\("(?:-\w, )?--([a-z-]+)/g)].map(([, name]) => name ?? ""),
      ),
    ),
  ].sort();
}

const TAKES_NO_VALUE = new Set([
  "coverage",
  "detach",
  "due",
  "follow",
  "gateway",
  "init",
  "json",
  "long",
  "once",
  "outputs",
  "stop-engine",
  "with-data",
  "yes",
]);
const known = defined().filter((name) => name !== "save"); // npm's own, and its default

test("the commands' options were found", () => expect(known).toEqual(expect.arrayContaining(["stack", "yes", "to", "plan", "detach"])));

test.each(known.map((name) => [name]))("npm run rollback --%s is refused by the line that was meant", (name) => {
  const value = TAKES_NO_VALUE.has(name) ? [] : ["7"];
  const { stdout, stderr, status } = npm([[`--${name}`, ...value].join("=")]);
  expect(stdout).not.toContain("ran");
  expect(stderr).toContain(
    `error: npm has kept options of this line for itself, so nothing was done: put -- before them, as in npm run rollback -- ${[`--${name}`, ...value].join(" ")}\n`,
  );
  expect(status).toBe(1);
});

test("a value that stands apart, which npm leaves for the command, is put back in its place", () => {
  expect(npm(["--stack", "prod"]).stderr).toContain("as in npm run rollback -- --stack prod\n");
});

test.each([
  ["behind --", ["--", "--stack", "prod", "--yes"], {}, '["--stack","prod","--yes"]'],
  ["set for npm by a variable", [], { NPM_CONFIG_YES: "true" }, "[]"],
  [
    "also behind --, where npm itself was started by an npm that kept it",
    ["--", "--stack", "dev"],
    { npm_config_stack: "prod" },
    '["--stack","dev"]',
  ],
])("an option %s is in order", (_, words, variables, ran) => {
  expect(npm(words, variables).stdout).toBe(`ran ${ran}\n`);
});

test("an option that is set for npm in a file is in order", () => {
  write(join(stack.folder, ".npmrc"), "yes=true\n");
  expect(npm([]).stdout).toBe("ran []\n");
});
