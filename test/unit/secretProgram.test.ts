import { askProgram, valueIn } from "../../release/secretProgram.ts";

const ask = (command: readonly string[], timeout = 20) => askProgram("db.password", { command, timeout });
const NAME = 'berth:secrets["db.password"]';

test.each([
  ["hunter2", "hunter2"],
  ["hunter2\n", "hunter2"],
  ["hunter2\r", "hunter2\r"],
  ["two\nlines\n", "two\nlines\n"],
  ["two\nlines", "two\nlines"],
  ["\n\n", "\n\n"],
  ["\n", ""],
  ["", ""],
])("of %j the value is %j: only the line break that ends a single line is left out", (written, value) => {
  expect(valueIn(Buffer.from(written)).toString()).toBe(value);
});

test.each([[[0, 10]], [[255, 10]], [[104, 105, 0, 10]]])("of the bytes %j, which are no text, none is left out", (bytes) => {
  expect([...valueIn(Buffer.from(bytes))]).toEqual(bytes);
});

test.concurrent("a program tells a secret byte by byte", async () => {
  expect(await ask(["printf", "\\000\\377\\012$HOME '\"\\012"])).toEqual(Buffer.from([0, 255, 10, ...Buffer.from("$HOME '\""), 10]));
  expect((await ask(["echo", "hunter2"])).toString()).toBe("hunter2");
});

test.concurrent("a program has no standard input to wait for", async () => {
  await expect(ask(["cat"])).rejects.toThrow(`${NAME}: cat printed nothing`);
});

test.concurrent.each<[string, readonly string[], string]>([
  [
    "is not there",
    ["no-such-program-at-all", "x"],
    `${NAME}: there is no program no-such-program-at-all: install it, or name another: pulumi config set --path '${NAME}.command[0]' <program>`,
  ],
  [
    "fails",
    ["sh", "-c", "echo hunter2; echo; echo 'db is not in the password store' >&2; echo more >&2; exit 7"],
    "with exit code 7: db is not in the password store",
  ],
  ["is killed", ["sh", "-c", "kill -9 $$"], "ended by SIGKILL: it said nothing on standard error"],
  ["is no program", ["/"], `${NAME}: / cannot be run: spawn / EACCES`],
  ["prints too much", ["head", "-c", "1048577", "/dev/zero"], "printed 1048577 bytes, more than a secret may have (1048576)"],
])("a program that %s is told with its secret, and nothing of what it printed", async (_, command, message) => {
  const error = await ask(command).catch((caught: Error) => caught);
  expect((error as Error).message).toContain(message);
  expect((error as Error).message.replace(command.join(" "), "")).not.toContain("hunter2");
});

test.concurrent("a program that does not end is stopped, with all that holds its output", async () => {
  const started = Date.now();
  await expect(ask(["sh", "-c", "sleep 30; echo late"], 0.5)).rejects.toThrow(
    `${NAME}: sh -c sleep 30; echo late did not end within 0.5 s and was stopped. Run it by hand, or give it longer: pulumi config set --path '${NAME}.timeout' 60s`,
  );
  expect(Date.now() - started).toBeLessThan(20_000);
});
