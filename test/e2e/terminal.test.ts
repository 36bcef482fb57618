/** An update at a real terminal, with the real Pulumi: its question, Ctrl-C, and a connection that is lost. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { atTerminal, until } from "../support/terminal.ts";
import { Checkout } from "./support/checkout.ts";
import { census } from "./support/engine.ts";

const CTRL_C = "\u0003";
const PAGE = "app/src/page/layout.ts";
const PATIENCE = 120_000;

let app: Checkout;
let edition = 0;

beforeAll(async () => {
  app = await Checkout.make({ volumes: [{ name: "data", target: "/data" }], drain: "2s" });
  await app.upOk();
});
afterAll(() => app?.remove());

const change = () =>
  app.edit(PAGE, /(<meta charset="utf-8">)(<meta name="edition" content="\d+">)?/, `$1<meta name="edition" content="${++edition}">`);
const shown = async () => /name="edition" content="(\d+)"/.exec(await (await fetch(app.url)).text())?.[1];
const up = (...words: string[]) => atTerminal(app, ["npm run --silent up -- --stack", app.stack, ...words].join(" "));
const locks = () => readdir(join(app.folder, ".berth/state/.pulumi/locks/organization/berth", app.stack)).catch(() => []);

test("Ctrl-C at the question ends with 130 and changes nothing", async () => {
  const before = await census(app.stack);
  await change();
  const terminal = up();
  await terminal.shows(`Do this on stack ${app.stack}?`, PATIENCE);
  terminal.type(CTRL_C);
  expect(await terminal.ended).toBe(130);
  expect(terminal.shown()).toMatch(/error: nothing was changed\s*$/);
  expect(await census(app.stack)).toEqual(before);
});

test("the question that is agreed to brings the release live, with Pulumi's moving display", async () => {
  const terminal = up();
  await terminal.shows(`Do this on stack ${app.stack}?`, PATIENCE);
  terminal.type("y\r");
  expect(await terminal.ended).toBe(0);
  expect(terminal.shown()).toContain(`is live on ${app.stack}`);
  expect(terminal.shown()).not.toContain("press ^C");
  expect(await shown()).toBe(String(edition));
});

test("nothing is asked where nothing would change", async () => {
  const terminal = up();
  await terminal.shows(`is live on ${app.stack}`, PATIENCE);
  expect(await terminal.ended).toBe(0);
  expect(terminal.shown()).not.toContain("Do this on stack");
});

test.each([
  ["Ctrl-C while Pulumi shows its progress", "130"],
  ["a connection that is lost", "lost"],
])("%s ends the update in order, and the next one puts all right", async (_, how) => {
  await change();
  const terminal = up("--yes");
  await terminal.shows(/gate-probe\s+updating/, PATIENCE);
  if (how === "lost") terminal.close();
  else terminal.type(CTRL_C);
  if (how === "130") {
    expect(await terminal.ended).toBe(130);
    expect(terminal.shown()).toContain("^C received; cancelling.");
    expect(terminal.shown()).not.toContain("received; terminating");
    expect(terminal.shown()).toContain("error: pulumi up was interrupted, and has ended what it had begun");
  }
  await unlocked();
  expect((await app.npm("up", "--yes")).code).toBe(0);
  expect(await shown()).toBe(String(edition));
});

test("with --detach the update goes on where the connection is lost", async () => {
  await change();
  const terminal = up("--detach --yes");
  await terminal.shows(/gate-probe updating/, PATIENCE);
  terminal.close();
  await unlocked();
  expect(await shown()).toBe(String(edition));
  const updates = join(app.folder, ".berth/updates");
  await until(
    async () => (await readFile(join(updates, (await readdir(updates))[0] ?? ""), "utf8")).includes(`is live on ${app.stack}`),
    () => "the file does not tell of the release",
    PATIENCE,
  );
});

/** Waits until no update holds the stack. */
const unlocked = () =>
  until(
    async () => (await locks()).filter((name) => name.endsWith(".json")).length === 0,
    () => "the stack is still held",
    PATIENCE,
  );
