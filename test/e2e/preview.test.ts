/** A preview tells the truth: what it names is what the update does, and one changed byte changes exactly the app. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Checkout } from "./support/checkout.ts";
import { longTest } from "./support/long.ts";

let app: Checkout;
beforeAll(async () => {
  app = await Checkout.make({ volumes: [{ name: "data", target: "/data" }] }, { env: { NODE_OPTIONS: "" } }); // as in a shell of one's own
});
afterAll(() => app?.remove());

/** The operations that a preview names, and those of an update, as sorted "operation urn". */
async function previewed(): Promise<string[]> {
  const { stdout } = await app.pulumiOk("preview", "--json", "--stack", app.stack);
  const { steps } = JSON.parse(stdout) as { steps: { op: string; urn: string }[] };
  return steps
    .map(({ op, urn }) => `${op} ${short(urn)}`)
    .filter(isChange)
    .sort();
}

async function performed(): Promise<string[]> {
  const log = join(app.folder, "events");
  app.env["PULUMI_DEBUG_COMMANDS"] = "true";
  await app.upOk("--event-log", log);
  const events = (await readFile(log, "utf8"))
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { resourcePreEvent?: { metadata: { op: string; urn: string } } });
  return events
    .flatMap(({ resourcePreEvent }) =>
      resourcePreEvent ? [`${resourcePreEvent.metadata.op} ${short(resourcePreEvent.metadata.urn)}`] : [],
    )
    .filter(isChange)
    .sort();
}

const short = (urn: string) =>
  urn
    .split("::")
    .slice(-2)
    .join(" ")
    .replace(/^\S*\$/, "");
/** An update also tells the two halves of each replacement, and the plugins it loads; a preview does not. */
const isChange = (operation: string) => !/^(same|read|create-replacement|delete-replaced) |pulumi:providers:/.test(operation);

test("the first preview names exactly what the first update makes", async () => {
  const names = await previewed();
  expect(names.length).toBeGreaterThan(20);
  expect(await performed()).toEqual(names);
});

test("one changed byte in app/ changes exactly the app's resources", async () => {
  await app.edit("app/src/page/layout.ts", '<meta charset="utf-8">', '<meta charset="UTF-8">');
  const names = await previewed();
  const resources = [...new Set(names.map((operation) => operation.split(" ").at(-1)?.replace(`berth-${app.stack}-`, "")))].sort();
  expect(resources).toEqual(["gate-probe", "image-build", "prune-images", "record-copy", "route-switch", "web-1", "web-2", "web-pids"]);
  expect(await performed()).toEqual(names);
});

longTest("a changed setting and a rollback do what their previews said", async () => {
  const first = await app.output<string>("release");
  await app.configure({ volumes: [{ name: "data", target: "/data" }], replicas: 3, env: { GREETING: "Hi" } });
  const changed = await previewed();
  expect(changed).toContain(`create docker:index/container:Container berth-${app.stack}-web-3`);
  expect(await performed()).toEqual(changed);

  await app.configure({ volumes: [{ name: "data", target: "/data" }], replicas: 3, env: { GREETING: "Hi" }, release: first });
  const back = await previewed();
  expect(await performed()).toEqual(back);
});

test("two copies at different paths give the same release name", async () => {
  const [release = ""] = (await app.output<{ name: string }[]>("releases")).map(({ name }) => name);
  const other = await Checkout.make({ volumes: [{ name: "data", target: "/data" }] });
  try {
    await other.edit("app/src/page/layout.ts", '<meta charset="utf-8">', '<meta charset="UTF-8">');
    expect((await other.pulumiOk("preview", "--stack", other.stack)).output).toMatch(new RegExp(`release +: "${release}"`));
  } finally {
    await other.remove();
  }
});
