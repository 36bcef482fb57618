/** The program of examples/two-apps with plain Pulumi: two apps in one stack, which have nothing to do with each other. */
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { Release } from "../../release/ledger.ts";
import { freePort } from "../support/freePort.ts";
import { Checkout } from "./support/checkout.ts";
import { census, docker, lines } from "./support/engine.ts";
import { startLoad } from "./support/load.ts";

const EXAMPLE = join("examples", "two-apps");
const APPS = ["shop", "blog"] as const;
type App = (typeof APPS)[number];

let checkout: Checkout;
const ports = {} as Record<App, number>;
beforeAll(async () => {
  checkout = await Checkout.make();
  await mkdir(join(checkout.folder, EXAMPLE, "node_modules"));
  await symlink(join("..", "..", ".."), join(checkout.folder, EXAMPLE, "node_modules", "berth")); // as npm links "file:../.."
  await pulumi("stack", "init", checkout.stack);
  for (const app of APPS) await pulumi("config", "set", `${app}Port`, String((ports[app] = await freePort())));
  await up();
});
afterAll(() => checkout?.remove());

async function pulumi(...words: string[]): Promise<string> {
  return (await checkout.pulumiOk("--cwd", EXAMPLE, ...words)).stdout;
}

const up = () => pulumi("up", "--yes", "--skip-preview", "--suppress-outputs");
const urlOf = (app: App) => `http://127.0.0.1:${ports[app]}`;
const page = async (app: App) => (await fetch(urlOf(app))).text();
const outputsOf = async (app: App) =>
  JSON.parse(await pulumi("stack", "output", app, "--json")) as { release: string; releases: Release[]; url: string };
/** Its containers, each with its id and the time of its start. */
const running = async (app: App) => {
  const ids = lines(await docker("ps", "--quiet", "--filter", `label=berth.stack=${checkout.stack}`, "--filter", `label=berth.app=${app}`));
  return lines(await docker("inspect", "--format", "{{.Name}} {{.Id}} {{.State.StartedAt}}", ...ids)).sort();
};

test("both go live by one update, and each answers its own page", async () => {
  for (const app of APPS) {
    expect(await page(app)).toBe(`<h1>${app}</h1>\n`);
    expect(await running(app)).toHaveLength(3);
  }
  const { images } = await census(checkout.stack);
  expect(images.map((image) => image.split(":")[0])).toEqual(APPS.map((app) => `two-apps-${checkout.stack}-${app}`).sort());
});

test("a release and a rollback of one touch nothing of the other, which answers meanwhile", async () => {
  const [first, other] = [await outputsOf("shop"), await running("blog")];
  const load = await Promise.all(APPS.map((app) => startLoad({ url: urlOf(app), kinds: ["keepAlive", "newConnection"] })));

  await pulumi("config", "set", "shopTitle", "Sale");
  await up();
  expect(await page("shop")).toBe("<h1>Sale</h1>\n");
  const second = await outputsOf("shop");
  expect(second.releases.map(({ name }) => name)).toEqual([`${first.release}-2`, first.release]);

  await pulumi("config", "set", "shopRelease", first.release);
  await up();
  expect(await page("shop")).toBe("<h1>shop</h1>\n");
  expect((await outputsOf("shop")).release).toBe(first.release);

  for (const { tallies } of await Promise.all(load.map((each) => each.stop()))) {
    expect(tallies).toMatchObject({ keepAlive: { failures: [] }, newConnection: { failures: [] } });
  }
  expect(await running("blog")).toEqual(other);
  expect((await outputsOf("blog")).releases).toHaveLength(1);
});

test("destroying leaves nothing of either", async () => {
  await pulumi("destroy", "--yes", "--skip-preview");
  expect(await census(checkout.stack)).toEqual({ containers: [], volumes: [], networks: [], images: [] });
});
