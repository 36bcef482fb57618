/** A secret is where it belongs, and nowhere else. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Checkout } from "./support/checkout.ts";
import { census, docker, inspectAll } from "./support/engine.ts";

const SENTINEL = "qz7f3a9-$HOME-'\"`\\-line one\nwx8e2b1 €";
/** Parts that would survive quoting, escaping or line breaks. */
const TRACES = ["qz7f3a9", "wx8e2b1", Buffer.from(SENTINEL).toString("base64").slice(0, 24)];

let app: Checkout;
let outputs = "";
beforeAll(async () => {
  app = await Checkout.make({ volumes: [{ name: "data", target: "/data" }] });
  await app.secret("secrets.token", SENTINEL);
  outputs += (await app.pulumiOk("preview", "--diff", "--stack", app.stack)).output;
  outputs += (await app.pulumiOk("up", "--yes", "--diff", "--stack", app.stack)).output;
});
afterAll(() => app?.remove());

const expectNoTrace = (where: string, text: string) => {
  for (const trace of TRACES) if (text.includes(trace)) throw new Error(`the secret stands in ${where}: ${text.slice(Math.max(0, text.indexOf(trace) - 80), text.indexOf(trace) + 40)}`);
};

test("the app reads the value byte by byte from its file, which no other user may read", async () => {
  for (const replica of await app.output<string[]>("replicas")) {
    const read = "process.stdout.write(require('fs').readFileSync('/run/secrets/token').toString('hex') + ' ' + (require('fs').statSync('/run/secrets/token').mode & 0o777).toString(8))";
    const [value = "", mode] = (await docker("exec", replica, "node", "-e", read)).split(" ");
    expect(Buffer.from(value, "hex").toString()).toBe(SENTINEL);
    expect(mode).toBe("400");
  }
});

test("the value is in no output, log, label, environment, image, state or file", async () => {
  expectNoTrace("the command's output", outputs);
  expectNoTrace("docker inspect", JSON.stringify(await inspectAll(app.stack)));
  const { containers, images, volumes } = await census(app.stack);
  for (const name of containers) expectNoTrace(`the log of ${name}`, await docker("logs", name));
  for (const name of images) expectNoTrace(`the image ${name}`, (await docker("history", "--no-trunc", name)) + (await docker("image", "inspect", name)));
  for (const name of volumes) expectNoTrace(`volume ${name}`, await docker("volume", "inspect", name));
  expectNoTrace("the exported state", (await app.pulumiOk("stack", "export", "--stack", app.stack)).stdout);
  expectNoTrace("the stack's outputs", (await app.pulumiOk("stack", "output", "--json", "--stack", app.stack)).stdout);
  for (const verb of ["status", "releases", "logs"]) expectNoTrace(`npm run ${verb}`, (await app.npm(verb)).output);
  for (const file of await readdir(app.folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile() || file.parentPath.includes("node_modules")) continue;
    expectNoTrace(`the file ${file.name}`, await readFile(join(file.parentPath, file.name), "latin1"));
  }
});

test("a failing release does not show it either", async () => {
  await app.edit("app/src/routes/status.ts", /web\.get\("\/up"/, 'web.get("/gone"');
  await app.pulumiOk("config", "set", "--path", "berth:health.deadline", "6s", "--stack", app.stack);
  const failed = await app.up();
  expect(failed.code).not.toBe(0);
  expectNoTrace("the failure's output", failed.output);
  await app.edit("app/src/routes/status.ts", 'web.get("/gone"', 'web.get("/up"');
});

test("a new value replaces the replicas, and the old one is gone from the engine", async () => {
  const before = await census(app.stack);
  await app.secret("secrets.token", "another");
  await app.upOk();
  const after = await census(app.stack);
  const secrets = (names: string[]) => names.filter((name) => name.includes("-secrets-"));
  expect(secrets(after.volumes)).toHaveLength(1);
  expect(secrets(after.volumes)).not.toEqual(secrets(before.volumes));
  const [replica = ""] = await app.output<string[]>("replicas");
  expect(await docker("exec", replica, "node", "-p", "require('fs').readFileSync('/run/secrets/token', 'utf8')")).toBe("another");
});
