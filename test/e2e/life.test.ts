/** The life of one stack: live, unchanged, released again and again under load, broken, mended, rolled back, gone. */
import { readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Release } from "../../release/ledger.ts";
import { Checkout } from "./support/checkout.ts";
import { census, docker } from "./support/engine.ts";
import { startLoad, type Report } from "./support/load.ts";
import { LONG } from "./support/long.ts";

/** `npm run chaos -- --endurance` sends a million. */
const [RELEASES, REQUESTS] = LONG ? [5, 100_000] : [3, 8_000];
const PAGE = "app/src/page/layout.ts";

let app: Checkout;
/** A volume and an image that look a little like the stack's own, and are not. */
const STRANGER = `berth-stranger-${process.pid}`;

beforeAll(async () => {
  app = await Checkout.make({ volumes: [{ name: "data", target: "/data" }], health: { deadline: "20s" } });
  await docker("volume", "create", "--label", "berth.project=berth", STRANGER);
  await docker("image", "tag", "node:24-bookworm-slim", `${STRANGER}:kept`);
});
afterAll(async () => {
  await app?.remove();
  await docker("volume", "rm", "--force", STRANGER);
  await docker("image", "rm", "--force", `${STRANGER}:kept`);
});

/** Every note that was acknowledged, as often as it is stored. */
async function timesStored(ids: readonly string[]): Promise<Record<number, number>> {
  const seen = new Map<string, number>();
  for (let after: number | null | undefined; after !== null;) {
    const answer = await fetch(`${app.url}/notes?limit=100${after === undefined ? "" : `&after=${after}`}`);
    const page = (await answer.json()) as { notes: { id: string }[]; next: number | null };
    for (const { id } of page.notes) seen.set(id, (seen.get(id) ?? 0) + 1);
    after = page.next;
  }
  const times: Record<number, number> = {};
  for (const id of ids) times[seen.get(id) ?? 0] = (times[seen.get(id) ?? 0] ?? 0) + 1;
  return times;
}

function expectNothingFailed(report: Report): void {
  const failures = Object.entries(report.tallies).flatMap(([kind, { failures: words }]) => words.map((word) => `${kind}: ${word}`));
  expect(failures).toEqual([]);
  expect(report.failed).toBe(0);
}

test("the first update brings the app live behind the gateway", async () => {
  const { output } = await app.upOk();
  expect(output).not.toMatch(/warning/i);
  const answer = await fetch(app.url);
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain(await app.output<string>("release"));
});

test("an update with nothing changed changes nothing, also after a refresh and when only times differ", async () => {
  expect((await app.upOk("--expect-no-changes")).output).toMatch(/\d+ unchanged/);
  for (const file of await readdir(join(app.folder, "app"))) await utimes(join(app.folder, "app", file), new Date(0), new Date(0));
  await app.upOk("--expect-no-changes", "--refresh");
});

test(`${RELEASES} releases back to back drop none of ${REQUESTS} requests and lose no note`, async () => {
  const load = await startLoad({ url: app.url, pause: 50 });
  const seconds: number[] = [];
  for (let number = 1; number <= RELEASES; number++) {
    await app.edit(PAGE, /(<meta charset="utf-8">)(<meta name="edition" content="\d+">)?/, `$1<meta name="edition" content="${number}">`);
    seconds.push((await app.upOk()).seconds);
    expect(await (await fetch(app.url)).text()).toContain(`content="${number}"`);
  }
  while (load.sent() < REQUESTS) await new Promise((resolve) => setTimeout(resolve, 250));
  const report = await load.stop();
  console.log(`releases took ${seconds.map((s) => s.toFixed(1)).join(", ")} s; ${JSON.stringify(report.tallies)}`);
  expectNothingFailed(report);
  expect(report.sent).toBeGreaterThanOrEqual(REQUESTS);
  expect(report.posted.length).toBeGreaterThan(100);
  expect(await timesStored(report.posted)).toEqual({ 1: report.posted.length });
});

test("a release that never gets healthy fails with its cause while the old one serves, and the next good one cleans up", async () => {
  const before = await app.output<Release[]>("releases");
  const load = await startLoad({ url: app.url, kinds: ["keepAlive", "newConnection", "post"] });
  await app.edit("app/src/routes/status.ts", /web\.get\("\/up"/, 'web.get("/up-moved"');
  await app.configure({ volumes: [{ name: "data", target: "/data" }], health: { deadline: "5s" } });
  const failed = await app.up();
  expect(failed.code).not.toBe(0);
  expect(failed.output).toMatch(/is not healthy: http:\/\/berth-\S+-web-\d-\w+:8080\/up answered: unexpected status \(404\)/);
  expect(failed.output).toMatch(/last log lines of berth-/);
  expect(failed.seconds).toBeLessThan(30);
  expect(await app.output<Release[]>("releases")).toEqual(before);

  await app.edit("app/src/routes/status.ts", 'web.get("/up-moved"', 'web.get("/up"');
  await app.edit(PAGE, /content="\d+">/, 'content="good">');
  await app.upOk();
  expectNothingFailed(await load.stop());
  const { containers } = await census(app.stack);
  expect(containers).toHaveLength(3);
  expect(containers).toEqual(expect.arrayContaining(await app.output<string[]>("replicas")));
});

test("a rollback brings image, environment and number of replicas back in seconds, under load", async () => {
  const [earlier, page] = [await app.output<string>("release"), await (await fetch(app.url)).text()];
  expect(page).toContain("Hello");
  await app.configure({ volumes: [{ name: "data", target: "/data" }], env: { GREETING: "Good day" }, replicas: 1 });
  await app.upOk();
  expect(await (await fetch(app.url)).text()).toContain("Good day");

  const later = await app.output<string>("release");
  const load = await startLoad({ url: app.url });
  const started = Date.now();
  const rolled = await app.npm("rollback");
  const report = await load.stop();
  const switched = ((report.lastSeen[later] ?? 0) - started) / 1000;
  const rate = report.sent / ((Date.now() - started) / 1000);
  console.log(
    `rollback: all traffic back after ${switched.toFixed(1)} s, done after ${rolled.seconds.toFixed(1)} s with requests of up to 10 s drained, at ${rate.toFixed(0)} requests/s`,
  );
  expect(rolled.code).toBe(0);
  expectNothingFailed(report);
  expect(await app.output<string>("release")).toBe(earlier);
  expect(await app.output<string[]>("replicas")).toHaveLength(2);
  expect(await (await fetch(app.url)).text()).toContain("Hello");
});

test("destroying leaves only the data, which the next update finds again, until they are asked for by name", async () => {
  const notes = (await (await fetch(`${app.url}/notes/count`)).json()) as { count: number };
  expect(notes.count).toBeGreaterThan(0);

  const destroyed = await app.npm("destroy", "--yes");
  const [volume = ""] = (await census(app.stack)).volumes;
  expect(destroyed.output).toContain(`The data are still there: ${volume}`);
  expect(await census(app.stack)).toEqual({ containers: [], networks: [], images: [], volumes: [volume] });

  await app.configure({ volumes: [{ name: "data", target: "/data" }] });
  await app.upOk();
  expect(await (await fetch(`${app.url}/notes/count`)).json()).toEqual(notes);

  expect((await app.npm("destroy", "--with-data")).output).toMatch(/add --yes/);
  expect((await app.npm("destroy", "--with-data", "--yes")).code).toBe(0);
  expect(await census(app.stack)).toEqual({ containers: [], networks: [], images: [], volumes: [] });
  expect(await docker("volume", "ls", "--quiet", "--filter", `name=${STRANGER}`)).toBe(STRANGER);
  expect(await docker("image", "ls", "--quiet", `${STRANGER}:kept`)).not.toBe("");
});
