/** An update that is cut off at any moment is put right by the next one; two at once do not meet. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { Checkout, type Ran } from "./support/checkout.ts";
import { census, docker } from "./support/engine.ts";
import { startLoad } from "./support/load.ts";
import { LONG } from "./support/long.ts";

const PAGE = "app/src/page/layout.ts";

let app: Checkout;
let locks: string;
let edition = 0;

beforeAll(async () => {
  app = await Checkout.make({ volumes: [{ name: "data", target: "/data" }], drain: "2s" });
  await app.secret("secrets.token", "hush");
  locks = join(app.folder, ".berth", "state", ".pulumi", "locks", "organization", "berth", app.stack);
  await app.upOk();
});
afterAll(() => app?.remove());

interface Lock {
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  readonly timestamp: string;
}

async function putLock(lock: Partial<Lock>): Promise<void> {
  await mkdir(locks, { recursive: true });
  await writeFile(
    join(locks, "left.json"),
    JSON.stringify({ pid: 1, username: "ann", hostname: hostname(), timestamp: new Date(Date.now() - 90_000).toISOString(), ...lock }),
  );
}

const locksLeft = async () => (await readdir(locks).catch(() => [])).filter((name) => name.endsWith(".json"));
/** The process that holds the stack. */
async function holder(): Promise<number> {
  const [lock = ""] = await locksLeft();
  return (JSON.parse(await readFile(join(locks, lock), "utf8")) as Lock).pid;
}

const killPulumi = async () => process.kill(await holder(), "SIGKILL");
const up = () => app.npm("up", "--yes");
const change = () =>
  app.edit(PAGE, /(<meta charset="utf-8">)(<meta name="edition" content="\d+">)?/, `$1<meta name="edition" content="${++edition}">`);
const shown = async () => /name="edition" content="(\d+)"/.exec(await (await fetch(app.url)).text())?.[1];

/** Of the processes that run for this copy of the project: Pulumi, its plugins, its steps. */
async function processesOfCheckout(): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const named = await Promise.all(
    pids.map(async (pid) => {
      const [environment, stat] = await Promise.all([
        readFile(`/proc/${pid}/environ`, "utf8").catch(() => ""),
        readFile(`/proc/${pid}/stat`, "utf8").catch(() => " Z "),
      ]);
      return environment.includes(`:${app.folder}\0`) && !/\) Z/.test(stat) ? [`${pid} ${stat.split(" ")[1] ?? ""}`] : [];
    }),
  );
  return named.flat();
}

/** Nothing but what the live release needs. */
async function expectNothingLeftOver(): Promise<void> {
  const { containers, networks, volumes } = await census(app.stack);
  expect(containers).toHaveLength(3);
  expect(containers).toEqual(expect.arrayContaining(await app.output<string[]>("replicas")));
  expect(networks).toHaveLength(1);
  expect(volumes).toHaveLength(3); // data, the gateway's state, secrets
  expect(await locksLeft()).toEqual([]);
  const { stdout } = await app.npm("drift", "--json");
  expect((JSON.parse(stdout) as { drift: unknown[] }).drift).toEqual([]);
}

test("a lock whose process has ended is cleared, with a word about whose it was", async () => {
  const { pid = 0 } = await ended(spawn("true"));
  await putLock({ pid });
  const { code, output } = await up();
  expect(output).toContain(`An update was cut off (ann on ${hostname()}, process ${pid}, for 9`);
  expect(code).toBe(0);
  expect(await locksLeft()).toEqual([]);
});

test.each([
  [
    "lives",
    { pid: process.pid, timestamp: new Date().toISOString() },
    `process ${process.pid}, for `,
    `if it hangs, end it with: kill ${process.pid}`,
  ],
  [
    "is another machine's",
    { hostname: "elsewhere", pid: 4_000_000 },
    "ann on elsewhere, process 4000000",
    "npm run pulumi -- cancel --stack",
  ],
])("a lock whose process %s is not touched, and the update says what to do", async (_, lock, who, what) => {
  await putLock(lock);
  const before = await census(app.stack);
  for (const ran of [await up(), await app.npm("destroy", "--yes")]) {
    expect(ran.code).toBe(1);
    expect(ran.output).toContain(who);
    expect(ran.output).toContain(what);
  }
  expect(await census(app.stack)).toEqual(before);
  expect(await locksLeft()).toEqual(["left.json"]);
  await app.pulumiOk("cancel", "--yes", "--stack", app.stack);
});

test("attributes of the state that a killed Pulumi wrote by half do not stand in the way", async () => {
  await writeFile(join(app.folder, ".berth", "state", ".pulumi", "stacks", "berth", `${app.stack}.json.attrs`), "");
  expect((await app.pulumi("stack", "export", "--stack", app.stack)).output).toMatch(/EOF/); // what it is about
  expect((await app.npm("status")).code).toBe(0);
});

test("of two updates at once, one is made and the other says who holds the stack", async () => {
  await change();
  const first = start();
  await first.reaches(/creating replacement/);
  const second = await up();
  expect(second.code).toBe(1);
  expect(second.output).toMatch(/error: stack \S+ is held by up by \S+ on \S+, process \d+, for \d+ s; nothing was changed\./);
  expect((await first.end()).code).toBe(0);
  expect(await shown()).toBe(String(edition));
});

const MOMENTS: readonly [string, RegExp][] = [
  ["it switches", /route-switch updating/],
  ["it makes the new containers", /Container \S+-web-1 creating replacement/],
];
test.each(MOMENTS.slice(0, LONG ? 2 : 1))(
  "Pulumi is killed while %s: people are served, and one update puts all right",
  async (_, moment) => {
    const load = await startLoad({ url: app.url, kinds: ["newConnection"], pause: 50 });
    await change();
    const first = start();
    await first.reaches(moment);
    await killPulumi();
    const killed = await first.end();
    expect(killed.code).toBe(137);
    expect(killed.output).toMatch(
      /error: Pulumi was killed in the middle of its work: run npm run up -- --stack \S+, which puts all right/,
    );
    expect(await processesOfCheckout()).toEqual([]);

    const healed = await up();
    expect(healed.output).toMatch(
      /An update was cut off \(\S+ on \S+, process \d+, for \d+ s\): its process has ended, its lock is cleared\./,
    );
    expect(healed.output).not.toMatch(/pending operations/);
    expect(healed.code).toBe(0);
    expect(await shown()).toBe(String(edition));
    expect(await load.stop()).toMatchObject({ failed: 0 });
    await expectNothingLeftOver();
  },
);

test("the command is killed with its Pulumi: the next update ends what they started, and puts all right", async () => {
  await change();
  const first = start();
  await first.reaches(/gate-probe updating/);
  const pid = await holder();
  const parent = Number(/^\d+ \(.*\) \S (\d+)/s.exec(await readFile(`/proc/${pid}/stat`, "utf8"))?.[1]);
  process.kill(parent, "SIGKILL");
  process.kill(pid, "SIGKILL");
  await first.end();
  const healed = await up();
  expect(healed.code).toBe(0);
  expect(await processesOfCheckout()).toEqual([]);
  expect(await shown()).toBe(String(edition));
  await expectNothingLeftOver();
});

test("Pulumi is killed while it makes a gateway: the one that it left does not stand in the way of the next", async () => {
  const gateways = () =>
    docker("ps", "--all", "--quiet", "--filter", `label=berth.stack=${app.stack}`, "--filter", "label=berth.part=gateway");
  await docker("rm", "--force", await gateways());
  const first = start();
  await first.reaches(/Container \S+-gateway-proxy creating/);
  while ((await gateways()) === "");
  await killPulumi();
  expect((await first.end()).code).toBe(137);
  const healed = await up();
  expect(healed.output).toMatch(/Removed gateway berth-\S+-gateway-proxy-\w+, which an update that was cut off had left\./);
  expect(healed.code).toBe(0);
  expect(await shown()).toBe(String(edition));
  await expectNothingLeftOver();
});

/** Begins `npm run up`, to look at what it prints while it runs. */
function start() {
  const child = spawn("npm", ["run", "--silent", "up", "--", "--stack", app.stack, "--yes"], {
    cwd: app.folder,
    env: app.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let seen = () => {};
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => ((output += text), seen()));
  const closed = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? 1)));
  return {
    /** Fulfilled as soon as it has printed this. */
    reaches: (moment: RegExp) =>
      new Promise<void>((resolve, reject) => {
        seen = () => moment.test(output) && resolve();
        seen();
        void closed.then(() => reject(new Error(`it ended without ${String(moment)}:\n${output}`)));
      }),
    end: async (): Promise<Pick<Ran, "code" | "output">> => ({ code: await closed, output }),
  };
}

const ended = (child: ChildProcess): Promise<ChildProcess> => new Promise((resolve) => child.on("close", () => resolve(child)));
