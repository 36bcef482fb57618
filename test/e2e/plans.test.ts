/** A preview in words, and a plan that an update carries out as it is or not at all. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Summary } from "../../commands/summary/summary.ts";
import { freePort } from "../support/freePort.ts";
import { Checkout } from "./support/checkout.ts";
import { census, docker } from "./support/engine.ts";
import { longTest } from "./support/long.ts";

const CONFIG = { volumes: [{ name: "data", target: "/data" }] };
const LAYOUT = "app/src/page/layout.ts";
let app: Checkout;
beforeAll(async () => {
  app = await Checkout.make(CONFIG);
});
afterAll(() => app?.remove());

interface Previewed {
  readonly changeSummary: Record<string, number>;
  readonly summary: Summary & { readonly plan: string | null };
}

async function previewed(...words: string[]): Promise<Previewed> {
  const { stdout, code, output } = await app.npm("preview", "--json", ...words);
  if (code !== 0) throw new Error(output);
  return JSON.parse(stdout) as Previewed;
}

const edit = (to: string) => app.edit(LAYOUT, /<meta charset="[^"]*">/, `<meta charset="${to}">`);
const carryOut = (plan: string | null) => app.exec("npm", ["run", "--silent", "up", "--", "--yes", "--plan", String(plan)]);

/** The names that a plan gives to the replicas. */
async function plannedReplicas(plan: string | null): Promise<string[]> {
  const { resourcePlans } = JSON.parse(await readFile(join(app.folder, ".berth/plans", String(plan), "plan.json"), "utf8")) as {
    resourcePlans: Record<string, { state?: { replicas?: string[] } }>;
  };
  return Object.entries(resourcePlans)
    .flatMap(([urn, { state }]) => (urn.includes("pulumi:pulumi:Stack") ? (state?.replicas ?? []) : []))
    .sort();
}

const webContainers = async () => (await census(app.stack)).containers.filter((name) => name.includes("-web-"));

/** @throws Error where the plan is carried out, or something is touched before it stops. */
async function expectStop(plan: string | null, why: string): Promise<void> {
  const before = await census(app.stack);
  const release = await app.output("release");
  const { code, output } = await carryOut(plan);
  expect(output).toBe(
    `error: plan ${plan} no longer fits: ${why}. Nothing was changed. Make a new preview: npm run preview -- --save --stack ${app.stack}\n`,
  );
  expect(code).toBe(1);
  expect(await census(app.stack)).toEqual(before);
  expect(await app.output("release")).toBe(release);
}

test("the first release: its plan makes what it names, and can be used once", async () => {
  const { changeSummary, summary } = await previewed("--save");
  expect(summary).toMatchObject({
    release: { change: "first", live: null },
    gaps: [],
    data: [{ volume: "data", change: "created" }],
    drift: [],
  });
  expect(summary.steps.map(({ words }) => words.split(/[ :,]/)[0])).toEqual(expect.arrayContaining(["create", "build", "gate", "switch"]));
  const { code, output } = await carryOut(summary.plan);
  expect(output).toContain(`Release ${summary.release.next} is live on ${app.stack}: ${app.url}`);
  expect(code).toBe(0);
  expect(output).toContain(`+ ${changeSummary["create"]} created`);
  expect(await webContainers()).toEqual(await plannedReplicas(summary.plan));

  const again = await carryOut(summary.plan);
  expect(again.output).toMatch(
    new RegExp(`^error: plan ${summary.plan} was used at .*: make a new one with npm run preview -- --save --stack ${app.stack}\n$`),
  );
});

test("a changed byte in words; its plan stops where the app, the configuration or a container has changed since, and else does it", async () => {
  const live = await app.output<string>("release");
  await edit("UTF-8");
  const { output } = await app.npm("preview", "--save");
  const plan = /npm run up -- --plan ([0-9a-f]{6})/.exec(output)?.[1] ?? null;
  const next = /Release {2}(\S+) → (\S+)\n/.exec(output);
  expect(next?.[1]).toBe(live);
  const steps = [
    "build the image",
    "create 2 new replicas",
    "gate: wait until all replicas are healthy",
    "switch the traffic",
    "remove images",
    "delete 2 old replicas",
  ];
  expect(output).toMatch(new RegExp(steps.map((words, index) => `${index + 1}\\. ${words}[^\n]*\n`).join("\\s*")));
  expect(output).toContain("Gap      none");
  expect(output).toContain("Data     data: untouched");

  await edit("utf8");
  await expectStop(plan, "what the image is built from has changed");
  await edit("UTF-8");
  await app.configure({ ...CONFIG, replicas: 3 });
  await expectStop(plan, "the configuration has changed (berth:replicas)");
  await app.configure(CONFIG);
  const [replica = ""] = await webContainers();
  await docker("pause", replica);
  await expectStop(plan, `container ${replica} is paused, it was running`);
  await docker("unpause", replica);

  const { code } = await carryOut(plan);
  expect(code).toBe(0);
  expect(await app.output("release")).toBe(next?.[2]);
  expect(await webContainers()).toEqual(await plannedReplicas(plan));
});

longTest("nothing changed, a changed setting, another port, too little room: each in its own words", async () => {
  const unchanged = await app.npm("preview");
  expect(unchanged.output).toMatch(/Release {2}\S+ stays live; nothing changes\n {2}Gap {6}none\n/);

  await app.configure({ ...CONFIG, env: { GREETING: "Hi" } });
  const setting = (await previewed()).summary;
  expect(setting).toMatchObject({ release: { change: "new" }, gaps: [], data: [{ volume: "data", change: "untouched" }], plan: null });
  expect(setting.release.next).toBe(`${setting.release.live}-2`);

  const port = await freePort();
  await app.configure({ ...CONFIG, port });
  const moved = (await previewed()).summary;
  expect(moved.release.change).toBe("stays");
  expect(moved.gaps).toEqual([
    {
      kind: "closed",
      seconds: 2,
      why: `the gateway is replaced: port 127.0.0.1:${app.port} is closed for good, 127.0.0.1:${port} is opened`,
    },
  ]);

  await app.configure({ ...CONFIG, resources: { memory: "4000G" } });
  const { output } = await app.npm("preview");
  expect(output).toMatch(
    /Memory {3}the new containers may take 8000\.0 GiB more, (only .* are missing|which is more than the host has in all)\. Give them smaller limits/,
  );
});
