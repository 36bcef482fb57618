/** Stacks side by side on one engine: the documented production example next to a development stack. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { Checkout } from "./support/checkout.ts";
import { census, docker } from "./support/engine.ts";
import { startLoad } from "./support/load.ts";

let dev: Checkout;
let prod: Checkout;
beforeAll(async () => {
  const example = parse(await readFile(join(process.cwd(), "Pulumi.prod.yaml"), "utf8")) as { config: Record<string, unknown> };
  const {
    port: _port,
    bindAddress: _address,
    ...production
  } = Object.fromEntries(Object.entries(example.config).map(([key, value]) => [key.slice("berth:".length), value]));
  dev = await Checkout.make({ volumes: [{ name: "data", target: "/data" }] });
  prod = await Checkout.make(production, { name: "prod" });
  await prod.secret("secrets.session", "value");
});
afterAll(async () => {
  await dev?.remove();
  await prod?.remove();
});

test("the production example and a development stack share nothing, and neither notices the other", async () => {
  await dev.upOk();
  const load = await startLoad({ url: dev.url, kinds: ["keepAlive", "post"] });
  await prod.upOk();
  const [one, two] = [await census(dev.stack), await census(prod.stack)];
  for (const kind of ["containers", "volumes", "networks", "images"] as const) {
    expect(one[kind].length).toBeGreaterThan(0);
    expect(two[kind].length).toBeGreaterThan(0);
    expect(one[kind].filter((name) => two[kind].includes(name))).toEqual([]);
  }
  expect(await prod.output<string[]>("replicas")).toHaveLength(3);
  expect((await fetch(prod.url)).status).toBe(200);
  expect(await (await fetch(`${prod.url}/notes/count`)).json()).toEqual({ count: 0 });
  expect(await (await fetch(`${prod.url}/about`)).json()).toMatchObject({ secrets: ["session"] });

  expect((await prod.npm("destroy", "--yes", "--with-data")).code).toBe(0);
  const report = await load.stop();
  expect(Object.values(report.tallies).flatMap(({ failures }) => failures)).toEqual([]);
  expect(await census(dev.stack)).toEqual(one);
  expect(await docker("ps", "--quiet", "--filter", `label=berth.stack=${prod.stack}`)).toBe("");
});
