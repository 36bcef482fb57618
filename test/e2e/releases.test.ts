/** A release is all its processes and jobs, and a bad one cannot hurt: it is stopped, or taken back by itself. */
import type { Release } from "../../release/ledger.ts";
import { Checkout } from "./support/checkout.ts";
import { docker } from "./support/engine.ts";
import { startLoad } from "./support/load.ts";
import { LONG } from "./support/long.ts";

const volumes = [{ name: "data", target: "/data" }];
const STATUS = "app/src/routes/status.ts";
const GOOD = 'web.get("/about", async () => ({';
const BAD = 'web.get("/about", async () => ({ broken: (() => { throw new Error("out of order"); })(),';
/**
 * Most seconds from the crash of a new container to the end of the update: 2 on an idle machine, 5 beside other tests; the deadline is 60.
 */
const CRASH = 10;

let app: Checkout;
beforeAll(async () => {
  app = await Checkout.make({ volumes });
});
afterAll(() => app?.remove());

const live = () => app.output<string>("release");
const ledger = async () => (await app.output<Release[]>("releases")).map(({ name }) => name);

/** The stack's running containers of one part, with their release. */
async function running(part: string): Promise<string[]> {
  const words = [
    "ps",
    "--filter",
    `label=berth.stack=${app.stack}`,
    "--filter",
    `label=berth.part=${part}`,
    "--format",
    '{{.Label "berth.release"}}',
  ];
  return (await docker(...words)).split("\n").filter(Boolean);
}

/** Lines that the jobs and workers of these tests wrote into the data volume. */
async function written(file: string): Promise<string[]> {
  const [replica = ""] = await app.output<string[]>("replicas");
  const program = `console.log(require("fs").existsSync("/data/${file}") ? require("fs").readFileSync("/data/${file}", "utf8") : "")`;
  return (await docker("exec", replica, "node", "-e", program)).split("\n").filter(Boolean);
}

const append = (file: string, text: string) => ["-e", `require("fs").appendFileSync("/data/${file}", \`${text}\\n\`)`];

test("a release that answers with errors while it bakes is taken back within two seconds, with the numbers", async () => {
  await app.upOk();
  const before = await live();
  await app.configure({ volumes, bake: "15s" });
  const load = await startLoad({ url: app.url, kinds: ["keepAlive", "newConnection", "post", "slow"] });
  await app.edit(STATUS, GOOD, BAD);
  const bad = await app.up();
  await app.edit(STATUS, BAD, GOOD);
  const report = await load.stop();

  expect(bad.code).not.toBe(0);
  expect(bad.output).toMatch(
    /release \w+ was taken back \d+\.\d s after the switch: \d+ of \d+ answers of (the release|\S+) were errors \(\d+\.\d %, limit 5 %\)/,
  );
  expect(bad.output).toContain(`Release ${before} serves again on`);
  expect(bad.output).toContain("out of order"); // its own log
  expect([await live(), await ledger()]).toEqual([before, [before]]);
  expect((await fetch(`${app.url}/about`)).status).toBe(200);

  const { keepAlive, newConnection, post, slow } = report.tallies;
  expect([keepAlive?.failed, post?.failed, slow?.failed]).toEqual([0, 0, 0]);
  expect(newConnection?.failed).toBeGreaterThan(0); // what the bad release itself answered
  const [first, last] = [report.failedFirst, report.failedLast];
  console.log(`errors for ${(last - first) / 1000} s: ${newConnection?.failed} of ${report.sent} requests`);
  expect(last - first).toBeLessThan(4000); // 20 answers to judge by, then at most two seconds
});

test("a worker is part of the release: one that fails stops it for all, and no mixed set goes on working", async () => {
  const worker = (command: string[]) => ({ volumes, env: { GREETING: "Workers" }, workers: [{ name: "mail", command, replicas: 2 }] });
  await app.configure(worker(["-e", "setInterval(() => undefined, 1000)"]));
  await app.upOk();
  const before = await live();
  expect(await running("worker")).toEqual([before, before]);

  await app.configure(worker(["-e", 'console.log("no mail server"); process.exit(3)']));
  const since = Math.floor(Date.now() / 1000);
  const { code, output } = await app.up();
  const waited = Date.now() - (await firstDeath(since, "worker"));
  console.log(`the update had failed ${(waited / 1000).toFixed(1)} s after its worker crashed`);
  expect(waited).toBeLessThan(CRASH * 1000);
  expect(code).not.toBe(0);
  expect(output).toMatch(/is not healthy: worker berth-\S+-worker-mail-\d-\w+ is not well after \d+\.\d s .*(exit code 3|restarts [1-9])/);
  expect(output).toContain("no mail server");
  expect(await running("worker")).toEqual([before, before]);
  expect([await live(), ((await (await fetch(`${app.url}/about`)).json()) as { release: string }).release]).toEqual([before, before]);
});

test("a migration runs exactly once per release, whatever the replicas, and not again on a rollback", async () => {
  const config = (greeting: string) => ({
    volumes,
    replicas: LONG ? 5 : 3,
    resources: { cpus: 0.5 },
    env: { GREETING: greeting },
    migration: { command: append("migrations", "${process.env.BERTH_RELEASE} ${process.env.GREETING}"), snapshot: false },
  }); // of copies: migrations.test.ts
  await app.configure(config("one"));
  await app.upOk();
  const one = await live();
  await app.configure(config("two"));
  await app.upOk();
  const two = await live();
  await app.upOk("--expect-no-changes");
  expect((await app.npm("rollback")).code).toBe(0);
  expect(await live()).toBe(one);
  await app.configure(config("two"));
  await app.upOk();
  expect(await live()).toBe(two);
  expect(await written("migrations")).toEqual([`${one} one`, `${two} two`]);
  expect(await docker("ps", "--all", "--quiet", "--filter", `label=berth.stack=${app.stack}`, "--filter", "label=berth.part=job")).toBe("");
});

test("a migration that fails stops the release before anything is switched", async () => {
  const before = [await live(), await ledger(), (await app.output<string[]>("replicas")).length];
  await app.configure({
    volumes,
    env: { GREETING: "never" },
    migration: { command: ["-e", 'console.log("no such table"); process.exit(4)'] },
  });
  const { code, output } = await app.up();
  expect(code).not.toBe(0);
  expect(output).toMatch(/the migration of release \S+ failed with exit code 4 after/);
  expect(output).toContain("no such table");
  expect([await live(), await ledger(), (await app.output<string[]>("replicas")).length]).toEqual(before);
  expect(await (await fetch(app.url)).text()).toContain("two");
});

test("a smoke test that fails sends the traffic back, and a good release bakes to its end and cleans up", async () => {
  const before = await live();
  const smokeTest = {
    command: [
      "-e",
      'fetch(process.env.BERTH_URL + "/about").then((answer) => answer.json()).then(({ greeting }) => { console.log("greeted with", greeting); process.exit(greeting === "good" ? 0 : 5); })',
    ],
  };
  await app.configure({ volumes, env: { GREETING: "bad" }, smokeTest });
  const { code, output } = await app.up();
  expect(code).not.toBe(0);
  expect(output).toMatch(/was taken back \d+\.\d s after the switch: the smoke-test of release \S+ failed with exit code 5/);
  expect(output).toContain("greeted with bad");
  expect([await live(), ((await (await fetch(`${app.url}/about`)).json()) as { release: string }).release]).toEqual([before, before]);

  await app.configure({ volumes, env: { GREETING: "good" }, smokeTest, bake: "3s" });
  const good = await app.upOk();
  expect(good.output).toMatch(/baking, \d s to go: \d+ answers, 0 errors/);
  expect(await (await fetch(app.url)).text()).toContain("good");
  expect(await running("web")).toEqual([await live(), await live()]);
});

test("with recreate, a release that fails gives way to the old one again, and no request fails meanwhile", async () => {
  const config = { volumes, strategy: "recreate", drain: "5s", health: { deadline: "10s" }, env: { GREETING: "single" } };
  await app.configure(config);
  await app.upOk();
  const before = await live();
  const load = await startLoad({ url: app.url, kinds: ["keepAlive", "newConnection", "post"] });
  const since = Math.floor(Date.now() / 1000);
  await app.configure({ ...config, env: { GREETING: "broken", DATA_DIR: "/nowhere" } });
  const { code, output } = await app.up();
  const report = await load.stop();
  expect(code).not.toBe(0);
  expect(output).toMatch(/is not healthy/);
  expect(Object.values(report.tallies).flatMap(({ failures }) => failures)).toEqual([]);
  console.log(`recreate that failed: longest wait of a request ${(report.longest / 1000).toFixed(1)} s`);
  expect([await live(), await running("web")]).toEqual([before, [before]]);
  expect(await (await fetch(app.url)).text()).toContain("single");
  expect(await overlaps(since)).toBe(0);
});

/** When the first container of this part ended, in milliseconds since 1970. */
async function firstDeath(since: number, part: string): Promise<number> {
  const filters = [`label=berth.stack=${app.stack}`, `label=berth.part=${part}`, "event=die"].flatMap((filter) => ["--filter", filter]);
  const [first = ""] = (
    await docker(
      "events",
      "--since",
      String(since),
      "--until",
      String(Math.ceil(Date.now() / 1000)),
      ...filters,
      "--format",
      "{{.TimeNano}}",
    )
  ).split("\n");
  return Number(first) / 1e6;
}

/** How often a web container started while another one ran. */
async function overlaps(since: number): Promise<number> {
  const filters = [`label=berth.stack=${app.stack}`, "label=berth.part=web", "event=start", "event=die"].flatMap((filter) => [
    "--filter",
    filter,
  ]);
  const events = await docker(
    "events",
    "--since",
    String(since),
    "--until",
    String(Math.ceil(Date.now() / 1000)),
    ...filters,
    "--format",
    "{{.Action}}",
  );
  let up = 1;
  return events
    .split("\n")
    .filter(Boolean)
    .filter((action) => (action === "start" ? ++up > 1 : (up--, false))).length;
}
