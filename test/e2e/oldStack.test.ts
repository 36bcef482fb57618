/**
 * A stack that an earlier Berth has made goes on with today's: nothing is replaced, no request is dropped, and its releases can be brought
 * back.
 */
import { thisMachine } from "../../toolchain/machine.ts";
import { accessoryNeed } from "../../toolchain/needs.ts";
import { setUp } from "../../toolchain/setup.ts";
import { Checkout } from "./support/checkout.ts";
import { goBack, moveOn, upByEarlier, whyNoCommit } from "./support/earlierBerth.ts";
import { census, docker, lines } from "./support/engine.ts";
import { startLoad } from "./support/load.ts";
import type { Release } from "../../release/ledger.ts";

/** The last commit whose steps ran the docker command. */
const EARLIER = "65229c7";
const missing = whyNoCommit(EARLIER);
if (missing) console.log(missing);
const testMove = missing ? test.skip : test;

const CONFIG = {
  volumes: [{ name: "data", target: "/data" }],
  workers: [{ name: "idle", command: ["-e", "setInterval(() => undefined, 1000)"], replicas: 1 }],
  accessories: [{ name: "cache", kind: "redis" }],
  secretsFor: { web: ["token", "cache-url"] },
  drain: "1s",
};

let app: Checkout;
let ledger: Release[];
beforeAll(async () => {
  if (missing) return;
  // The earlier Berth's own commands would see to it, and plain `pulumi up` does not.
  await setUp(process.cwd(), { needs: [accessoryNeed(thisMachine(process.cwd()), "redis")] });
  app = await Checkout.make();
  await goBack(app, EARLIER);
  await configure({ GREETING: "First" });
  await upByEarlier(app);
  ledger = await app.output<Release[]>("releases");
});
afterAll(() => app?.remove());

async function configure(env: Record<string, string>): Promise<void> {
  await app.configure({ ...CONFIG, env });
  await app.secret("secrets.token", "hush");
}

/** Each container with its id and the time of its start. */
const running = async () =>
  lines(await docker("inspect", "--format", "{{.Name}} {{.Id}} {{.State.StartedAt}}", ...(await census(app.stack)).containers));
const page = async () => (await fetch(app.url)).text();
const notes = async () => (await fetch(`${app.url}/notes/count`)).json();
const secret = async (process: string) =>
  docker("exec", (await census(app.stack)).containers.find((name) => name.includes(process)) ?? "", "cat", "/run/secrets/token");

interface Preview {
  readonly steps: readonly { readonly op: string; readonly urn: string }[];
}

testMove("a preview replaces and deletes nothing", async () => {
  await moveOn(app);
  const { steps } = JSON.parse((await app.npmOk("preview", "--json")).stdout) as Preview;
  const gone = steps.filter(({ op }) => !["same", "update", "create", "read"].includes(op));
  expect(gone.map(({ op, urn }) => `${op} ${urn.split("::").slice(2).join(" ")}`)).toEqual([]);
  expect(steps.filter(({ op, urn }) => op !== "same" && urn.includes("$docker:")).map(({ op, urn }) => `${op} ${urn}`)).toEqual([]);
});

testMove("an update under load drops no request, and containers, data, releases and secrets are those of before", async () => {
  const [before, things, serving] = [await notes(), await census(app.stack), await running()];
  const load = await startLoad({ url: app.url, kinds: ["keepAlive", "newConnection"] });
  await app.npmOk("up", "--yes");
  const report = await load.stop();
  expect(report.tallies).toMatchObject({ keepAlive: { failures: [] }, newConnection: { failures: [] } });
  expect(await running()).toEqual(serving);
  expect(await census(app.stack)).toEqual(things);
  expect(await notes()).toEqual(before);
  expect(await secret("-web-1-")).toBe("hush");
  expect(await app.output("releases")).toEqual(ledger);
  await app.upOk("--expect-no-changes");
});

testMove("a release comes after it, and one that the earlier Berth made comes back, under load", async () => {
  const [first] = ledger;
  const load = await startLoad({ url: app.url, kinds: ["keepAlive", "newConnection", "post"] });
  await configure({ GREETING: "Second" });
  await app.npmOk("up", "--yes");
  expect(await page()).toContain("Second");
  expect(await app.output<Release[]>("releases")).toMatchObject([{ settings: { env: { GREETING: "Second" } } }, { name: first?.name }]);
  await app.npmOk("rollback", "--to", first?.name ?? "");
  const report = await load.stop();
  expect(report.tallies).toMatchObject({ keepAlive: { failures: [] }, newConnection: { failures: [] }, post: { failures: [] } });
  expect(await page()).toContain("First");
  expect(await app.output("release")).toBe(first?.name);
  expect(await secret("-web-1-")).toBe("hush");
  expect(await notes()).toEqual({ count: expect.any(Number) as number });
});
