/** What was changed by hand is found on the engine, in words, and healed by one `npm run up`. */
import { Checkout, type Ran } from "./support/checkout.ts";
import { docker, inspectAll, lines } from "./support/engine.ts";
import { startLoad, type Load } from "./support/load.ts";
import { longTest } from "./support/long.ts";

const STRANGER = `berth-stranger-${process.pid}`;
const LOAD = { kinds: ["newConnection", "keepAlive"], pause: 150 } as const;
/** Seconds from the start of `npm run up` until it has put right at once what can be; the machine may be busy. */
const FIRST_AID = 10;

let app: Checkout;
let load: Load | undefined;

beforeAll(async () => {
  app = await Checkout.make({ replicas: 4, volumes: [{ name: "data", target: "/data" }], drain: "2s" });
  await app.edit("app/Dockerfile", /HEALTHCHECK .*/, "HEALTHCHECK --interval=2s --timeout=5s --retries=1 CMD test ! -e /tmp/ill");
  await app.upOk();
  await docker("volume", "create", "--label", "berth.project=berth", STRANGER);
  await docker("image", "tag", "node:24-bookworm-slim", `${STRANGER}:kept`);
  await docker("run", "--detach", "--name", STRANGER, "--network", await network(), `${STRANGER}:kept`, "sleep", "600");
});
afterEach(async () => {
  await load?.stop();
  load = undefined;
});
afterAll(async () => {
  await docker("rm", "--force", STRANGER);
  await app?.remove();
  await docker("volume", "rm", "--force", STRANGER);
  await docker("image", "rm", "--force", `${STRANGER}:kept`);
});

const mine = (...words: string[]) => docker(...words, "--filter", `label=berth.stack=${app.stack}`);
const network = () => mine("network", "ls", "--format", "{{.Name}}");
const gateway = async () => (await mine("ps", "--all", "--filter", "label=berth.part=gateway", "--format", "{{.Names}}")).trim();
const replicas = async () => lines(await mine("ps", "--all", "--filter", "label=berth.part=web", "--format", "{{.Names}}")).sort();
const stranger = () => docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}} {{.State.Status}}", STRANGER);

interface Difference {
  readonly kind: string;
  readonly thing: string;
}

/** The differences but for the stranger's container, which is told of as long as it is there. */
async function drift(): Promise<Difference[]> {
  const { stdout } = await app.npm("drift", "--json");
  return (JSON.parse(stdout) as { drift: Difference[] }).drift.filter(({ kind }) => kind !== "extra");
}

/** @throws Error with its output where the update fails, or leaves a difference */
async function heal(): Promise<Ran> {
  const ran = await app.npm("up", "--yes");
  if (ran.code !== 0) throw new Error(ran.output);
  // A replica that crashed a moment ago counts as crashing again and again until it has run for a while.
  for (const end = Date.now() + 20_000; Date.now() < end && (await drift()).some(({ kind }) => kind === "restarting"););
  expect(await drift()).toEqual([]);
  expect((await fetch(`${app.url}/up`)).status).toBe(200);
  return ran;
}

test("a container of someone else is told of, and no drift is found besides", async () => {
  const { code, output } = await app.npm("drift");
  expect(output).toContain(
    `expected only the stack's containers on it, found container ${STRANGER}, which is not the stack's and is left alone`,
  );
  expect(lines(output)).toHaveLength(1);
  expect(code).toBe(2);
});

test("limits that were changed, a paused route and lost settings of it are put back without a failed request or a new container", async () => {
  load = await startLoad({ url: app.url, ...LOAD });
  const [first = "", second = ""] = await replicas();
  const before = await replicas();
  const door = await gateway();
  await docker("update", "--memory", "300m", "--memory-swap", "300m", "--cpus", "0.5", "--pids-limit", "99", first);
  await docker("update", "--cpus", "1.5", door);
  await docker("exec", door, "kamal-proxy", "deploy", "app", "--target", `${second}:8080`);
  await docker("exec", door, "kamal-proxy", "pause", "app");
  const { output } = await app.npm("drift");
  expect(output).toContain(`container ${first}: expected memory 512 MiB, cpus 1, pids 256, found memory 300 MiB, cpus 0.5, pids 99`);
  expect(output).toContain(`gateway ${door}: expected cpus 2, found cpus 1.5`);
  expect(output).toMatch(new RegExp(`route app in gateway ${door}: expected it to lead to \\S+:8080, .*, found ${second}:8080`));
  await heal();
  expect(await replicas()).toEqual(before);
  expect(await load.stop().finally(() => (load = undefined))).toMatchObject({ failed: 0 });
});

test("replicas that are paused, stopped, gone or another's under the same name are made again, and the rest goes on serving", async () => {
  load = await startLoad({ url: app.url, ...LOAD });
  const [paused = "", stopped = "", gone = "", other = ""] = await replicas();
  await docker("pause", paused);
  await docker("stop", "--time", "1", stopped);
  await docker("rm", "--force", gone);
  const [is] = (await inspectAll(app.stack)).filter(({ Name }) => Name === `/${other}`);
  await docker("rm", "--force", other);
  const labels = Object.entries(is?.Config.Labels ?? {}).flatMap(([label, value]) => ["--label", `${label}=${value}`]);
  await docker("run", "--detach", "--name", other, "--network", await network(), ...labels, "--env", "PORT=8080", is?.Image ?? "");

  const found = await app.npm("drift");
  expect(found.output).toContain(`container ${paused}: expected it to run, found paused`);
  expect(found.output).toContain(`container ${stopped}: expected it to run, found exited`);
  expect(found.output).toContain(`container ${gone}: expected it to run, found no container of that name`);
  expect(found.output).toContain(`container ${other}: expected environment BERTH_RELEASE, BERTH_REPLICA as set`);
  const began = Date.now();
  const { output } = await heal();
  expect(output).toContain(`${paused} unpaused`);
  expect(output).toContain(`Removed container ${other}`);
  const { failedLast, failed } = await load.stop().finally(() => (load = undefined));
  console.log(
    `with 2 of 4 replicas away ${failed} requests failed${failed > 0 ? `, the last one ${((failedLast - began) / 1000).toFixed(1)} s after the start of npm run up` : ""}`,
  );
  expect(failedLast - began).toBeLessThan(FIRST_AID * 1000);
  expect(await replicas()).toHaveLength(4);
});

longTest("replicas that are unhealthy or crash again and again are made again, and the rest goes on serving", async () => {
  const [ill = "", crashing = ""] = await replicas();
  await docker("exec", ill, "touch", "/tmp/ill");
  await docker("stop", "--time", "1", crashing);
  await docker("update", "--memory", "6m", "--memory-swap", "6m", crashing); // too little to start with
  await docker("start", crashing);
  const states = async () =>
    (await drift())
      .map(({ kind }) => kind)
      .sort()
      .join();
  for (const end = Date.now() + 40_000; Date.now() < end && (await states()) !== "restarting,unhealthy";);
  expect(await states()).toMatch(/^(restarting|limits),unhealthy$/); // between two crashes it may run for long enough to look well
  const { output } = await heal();
  expect(output).toContain(`drift: container ${ill}: expected it to be healthy, found unhealthy by its own health check`);
  expect(output).toMatch(
    new RegExp(
      `drift: container ${crashing}: expected (it to run, found it restarting again and again \\(\\d+ times|memory 512 MiB, found memory 6 MiB)`,
    ),
  );
});

test("a gateway that was killed serves again before the update has begun", async () => {
  await docker("kill", await gateway());
  expect(await drift()).toMatchObject([{ kind: "stopped", thing: `gateway ${await gateway()}` }]);
  const status = await app.npm("status");
  expect(status.code).toBe(1);
  const [seconds] = await Promise.all([secondsToServe(), heal()]);
  console.log(`a killed gateway served again after ${seconds.toFixed(1)} s`);
});

longTest("gateway and network that were removed are made again", async () => {
  await docker("rm", "--force", await gateway());
  expect((await app.npm("status")).output).toContain("missing: the gateway, so nobody gets in");
  const name = await network();
  await Promise.all([...(await replicas()), STRANGER].map((container) => docker("network", "disconnect", "--force", name, container)));
  await docker("network", "rm", name);
  expect((await drift()).map(({ kind }) => kind).sort()).toEqual(["detached", "detached", "detached", "detached", "missing", "network"]);
  const [seconds] = await Promise.all([secondsToServe(), heal()]);
  console.log(`gateway and network were back after ${seconds.toFixed(1)} s`);
});

async function secondsToServe(): Promise<number> {
  const began = Date.now();
  for (;;) {
    const answer = await fetch(`${app.url}/up`, { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
    if (answer?.status === 200) return (Date.now() - began) / 1000;
    if (Date.now() - began > 60_000) throw new Error("nobody answers after 60 s");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("what is a stranger's was not touched", async () => {
  const [, started, state] = (await stranger()).split(" ");
  expect(state).toBe("running");
  expect(Date.parse(started ?? "")).toBeLessThan(Date.now() - 10_000);
  expect(await docker("volume", "ls", "--quiet", "--filter", `name=${STRANGER}`)).toBe(STRANGER);
  expect(await docker("image", "ls", "--quiet", `${STRANGER}:kept`)).not.toBe("");
});
