/** Ctrl-C at a question changes nothing, and says so. */
import { atTerminal, project } from "../support/terminal.ts";

const source = (file: string) => JSON.stringify(require.resolve(`../../commands/${file}`));
const asking = (question: string) => `
import { main } from ${source("shared/cli.ts")};
import { agree } from ${source("shared/agree.ts")};
import { readValue } from ${source("secrets/ask.ts")};
await main(async () => {
  ${question};
  console.log("changed");
}, { onSignal: () => true });
`;
const stack = project({
  agreement: asking('await agree({ text: "Remove it?", wanted: "y", agreed: false })'),
  name: asking('await agree({ text: "Type the stack\'s name:", wanted: "prod", agreed: false })'),
  secret: asking('console.log("it is <" + String(await readValue("token")) + ">")'),
});
const ask = (kind: string) => atTerminal(stack, `npm run --silent ${kind}`);
const SHOWN = { agreement: "Remove it?", name: "Type the stack's name:", secret: "Value of token" } as const;
type Kind = keyof typeof SHOWN;
const kinds = Object.keys(SHOWN) as Kind[];

test.each(kinds)("Ctrl-C at a question for %s ends with 130 and changes nothing", async (kind) => {
  const terminal = ask(kind);
  await terminal.shows(SHOWN[kind]);
  terminal.type("abc\u0003");
  expect(await terminal.ended).toBe(130);
  expect(terminal.shown()).toMatch(/error: nothing was changed\s*$/);
});

test.each(kinds)("SIGTERM at a question for %s ends with 143 and changes nothing", async (kind) => {
  const terminal = atTerminal(stack, `exec node commands/run.mjs ${kind}`);
  await terminal.shows(SHOWN[kind]);
  process.kill(terminal.pid, "SIGTERM");
  expect(await terminal.ended).toBe(143);
  expect(terminal.shown()).toMatch(/error: nothing was changed\s*$/);
});

test("the end of input at a question changes nothing", async () => {
  const terminal = ask("name");
  await terminal.shows(SHOWN.name);
  terminal.type("\u0004");
  expect(await terminal.ended).toBe(130);
  expect(terminal.shown()).toMatch(/error: nothing was changed\s*$/);
});

test.each([
  ["agreement", "y", 0, "changed"],
  ["agreement", "", 1, "error: nothing was changed"],
  ["agreement", "n", 1, "error: nothing was changed"],
  ["name", "prod", 0, "changed"],
  ["name", "dev", 1, "error: nothing was changed"],
] as const)("a question for %s that is answered with %j ends with %d", async (kind, answer, code, words) => {
  const terminal = ask(kind);
  await terminal.shows(SHOWN[kind]);
  terminal.type(`${answer}\r`);
  expect(await terminal.ended).toBe(code);
  expect(terminal.shown()).toContain(words);
});

test("a secret is not shown while it is typed, and arrives as it is", async () => {
  const terminal = ask("secret");
  await terminal.shows(SHOWN.secret);
  terminal.type(" hush 'x' \r");
  expect(await terminal.ended).toBe(0);
  const [before = "", after] = terminal.shown().split("it is <");
  expect(before).not.toContain("hush");
  expect(after).toMatch(/^ hush 'x' >/);
});

test("Ctrl-C while a value is read from a pipe changes nothing", async () => {
  const terminal = atTerminal(stack, "echo begun; sleep 30 | npm run --silent secret");
  await terminal.shows("begun");
  await new Promise((next) => setTimeout(next, 1500)); // nothing tells that it reads
  terminal.type("\u0003");
  expect(await terminal.ended).toBe(130);
  expect(terminal.shown()).toMatch(/error: nothing was changed\s*$/);
});
