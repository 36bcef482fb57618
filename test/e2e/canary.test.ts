/** A canary takes its share of the traffic beside the live release, and is taken back, held or promoted by what it answers. */
import { Checkout } from "./support/checkout.ts";
import { census } from "./support/engine.ts";
import { startLoad } from "./support/load.ts";

const volumes = [{ name: "data", target: "/data" }];
const STATUS = "app/src/routes/status.ts";
const GOOD = 'web.get("/about", async () => ({';
/** One of ten answers is an error. */
const BAD =
  'let asked = 0;\n  web.get("/about", async () => ({ broken: (() => { if (++asked % 10 === 0) throw new Error("one in ten"); })(),';
const canary = { replicas: 1, duration: "8s" };

let app: Checkout;
let first: string;
beforeAll(async () => {
  app = await Checkout.make({ volumes });
  await app.upOk();
  first = await app.output<string>("release");
});
afterAll(() => app?.remove());

/** Releases that answer just now, in many connections. */
async function answering(): Promise<string[]> {
  const answers = await Promise.all(
    Array.from(
      { length: 40 },
      async () => (await (await fetch(`${app.url}/about`, { headers: { connection: "close" } })).json()) as { release: string },
    ),
  );
  return [...new Set(answers.map(({ release }) => release))].sort();
}

test("one with errors in ten of a hundred answers is taken back before its time is over", async () => {
  await app.edit(STATUS, GOOD, BAD);
  await app.configure({ volumes, canary: { ...canary, duration: "60s" } });
  const load = await startLoad({ url: app.url, pause: 20, kinds: ["newConnection"] });
  const { code, output, seconds } = await app.up();
  await load.stop();
  await app.edit(STATUS, BAD, GOOD);
  expect(code).not.toBe(0);
  expect(output).toMatch(/canary \w+ was taken back \d+\.\d s after the switch: \d+ of \d+ answers of \S+ were errors/);
  expect(seconds).toBeLessThan(50);
  expect(await answering()).toEqual([first]);
  expect(await app.output<string>("release")).toBe(first);
});

test("one that hardly anybody asks is held, and can be aborted: the live release was never touched", async () => {
  await app.configure({ volumes, canary: { ...canary, duration: "2s", promote: true }, env: { GREETING: "Canary" } });
  const { output } = await app.npm("up", "--yes");
  expect(output).toMatch(/canary \w+-2 is held: \d+ answers in 2 s, and 20 are needed to judge/);
  expect(await app.output<string>("release")).toBe(first);
  expect(await answering()).toEqual([first, `${first}-2`]);
  await app.upOk("--expect-no-changes");

  expect((await app.npm("abort-canary")).code).toBe(0);
  expect(await answering()).toEqual([first]);
  expect((await census(app.stack)).containers).toHaveLength(3);
});

test("one as good as the live release is promoted by itself, and no request fails", async () => {
  await app.configure({ volumes, canary: { ...canary, promote: true }, env: { GREETING: "Canary" } });
  const load = await startLoad({ url: app.url, kinds: ["newConnection", "keepAlive"] });
  const { code, output } = await app.npm("up", "--yes");
  const report = await load.stop();
  expect([code, output]).toEqual([0, expect.stringMatching(/canary \S+ is good: \d+ answers in 8 s within the limits/)]);
  expect(Object.values(report.tallies).flatMap(({ failures }) => failures)).toEqual([]);
  expect(await app.output<string>("release")).toBe(`${first}-2`);
  expect(await answering()).toEqual([`${first}-2`]);
  expect((await census(app.stack)).containers).toHaveLength(3);
});
