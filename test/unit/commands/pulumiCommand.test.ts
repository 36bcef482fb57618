import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pulumiCommand, refuseOtherStack, wordsFor } from "../../../commands/shared/pulumiCommand.ts";
import { changesSomething, previewWords } from "../../../commands/update/ask.ts";

const parsed = (...words: string[]) => pulumiCommand("up", "update", "Updates.").parse(words, { from: "user" });

test.each([[["-s", "prod"]], [["-sprod"]], [["--stack", "prod"]], [["--stack=prod"]]])(
  "%j chooses the stack, and goes to Pulumi once",
  (words) => {
    const command = parsed(...words);
    expect(command.opts()).toMatchObject({ stack: "prod" });
    refuseOtherStack(command);
    expect(wordsFor(command, "prod")).toEqual(["--stack", "prod", "--suppress-outputs"]);
  },
);

test("every command that takes --stack takes -s", () => {
  const folder = resolve(__dirname, "../../../commands");
  const files = [...readdirSync(folder), "shared/pulumiCommand.ts"].filter((name) => name.endsWith(".ts"));
  const short = files.filter((name) => /option\("--stack/.test(readFileSync(join(folder, name), "utf8")));
  expect(short).toEqual([]);
});

test.each([
  ["-fys", ["-fys", "prod"]],
  ["-C", ["-C", "/elsewhere"]],
  ["-C/elsewhere", ["-C/elsewhere"]],
  ["--cwd", ["--refresh", "--cwd", "/elsewhere"]],
  ["--cwd=/elsewhere", ["--cwd=/elsewhere"]],
  ["--config-file", ["--config-file", "Pulumi.prod.yaml"]],
  ["--stack", ["--", "--stack", "prod"]],
])("%s, by which Pulumi would look elsewhere than Berth, is refused", (word, words) => {
  expect(() => refuseOtherStack(parsed(...words))).toThrow(
    `${word} would have Pulumi look at something else than Berth, which guards the stack: choose the stack with npm run up -- --stack <name>`,
  );
});

test("a name without an option, which Pulumi would take for a template, is refused", () => {
  expect(() => refuseOtherStack(parsed("prod"))).toThrow(
    '"prod" says nothing to npm run up: a stack is named with npm run up -- --stack prod',
  );
});

test.each([
  [["--refresh", "--target", "urn:x"]],
  [["-m", "a message"]],
  [["-c", "berth:replicas=2"]],
  [["--config-path"]],
  [["-d"]],
  [["-r"]],
])("%j goes to Pulumi", (words) => {
  const command = parsed(...words);
  refuseOtherStack(command);
  expect(wordsFor(command, "dev")).toEqual(["--stack", "dev", "--suppress-outputs", ...words]);
});

test("what is shown before the question is a preview with the same words, as far as a preview knows them", () => {
  expect(previewWords(["up", "--stack", "dev", "--continue-on-error", "--secrets-provider", "passphrase", "--refresh", "-f"])).toEqual([
    "preview",
    "--stack",
    "dev",
    "--refresh",
  ]);
});

test("nothing is asked where nothing would change", () => {
  expect(changesSomething([{ summaryEvent: { result: "succeeded", resourceChanges: { same: 12, read: 1 } } }])).toBe(false);
  expect(changesSomething([{ summaryEvent: { result: "succeeded", resourceChanges: { same: 12, update: 1 } } }])).toBe(true);
  expect(changesSomething([{}])).toBe(false);
});
