/** A secret is where it belongs, and nowhere else. */
import { isUtf8 } from "node:buffer";
import { execFileSync } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Checkout } from "./support/checkout.ts";
import { census, docker, inspectAll, lines } from "./support/engine.ts";
import { startLoad } from "./support/load.ts";

const SENTINEL = "qz7f3a9-$HOME-'\"`\\-line one\nwx8e2b1 €";

/** Values with all that gets lost on the way through shells, JSON, YAML and text: half of them are no text at all. */
const RANDOM = Object.fromEntries(
  Array.from({ length: 50 }, (_, index) => {
    const mark = () => Buffer.from(`m${randomBytes(8).toString("hex")}`);
    const nasty = [..."$`'\"\\\n\r\t %{}!#&;|<>*?~=€ü𝄞"];
    const text = Buffer.from(Array.from({ length: 40 }, () => nasty[randomInt(nasty.length)]).join(""));
    const bytes = Buffer.from(randomBytes(60).map((byte) => byte || 1));
    return [`s${index}`, Buffer.concat([mark(), index % 2 === 0 ? text : bytes, mark(), ...(index % 4 === 0 ? [Buffer.from("\n")] : [])])];
  }),
);
/** Parts that would survive quoting, escaping or line breaks, and the same in Base64. */
const TRACES = [
  "qz7f3a9",
  "wx8e2b1",
  Buffer.from(SENTINEL).toString("base64").slice(0, 24),
  ...Object.values(RANDOM).flatMap((value) => [value.subarray(0, 17).toString(), value.toString("base64").slice(0, 22)]),
];
const ANY = new RegExp(TRACES.map((trace) => trace.replace(/[+/]/g, "\\$&")).join("|"));

/** Runs for ever, unless one of its secrets is "bad". */
const WORKER =
  "const fs = require('fs'), f = '/run/secrets/'; if (fs.readdirSync(f).some((n) => fs.readFileSync(f + n, 'utf8') === 'bad')) process.exit(3); setInterval(() => undefined, 1e6)";

let app: Checkout;
let outputs = "";
const processes = new Set<string>();
beforeAll(async () => {
  app = await Checkout.make({
    replicas: 1,
    volumes: [{ name: "data", target: "/data" }],
    workers: ["mail", "queue"].map((name) => ({ name, command: ["-e", WORKER] })),
    secretsFor: { web: ["token", "a", "b", ...Object.keys(RANDOM)], mail: ["b", "c"], queue: ["d"] },
    drain: "10s",
  });
  const given = [
    ["token", SENTINEL],
    ["a", "a1"],
    ["b", "b1"],
    ["c", "c1"],
    ["d", "d1"],
    ...Object.entries(RANDOM).map(([name, value]) =>
      isUtf8(value) ? [name, value.toString()] : [`${name}.base64`, value.toString("base64")],
    ),
  ];
  await app.pulumiOk(
    "config",
    "set-all",
    "--path",
    "--stack",
    app.stack,
    ...given.flatMap(([name, value]) => ["--secret", `berth:secrets.${name}=${value}`]),
  );
  const watch = setInterval(lookAtProcesses, 100);
  outputs += (await app.pulumiOk("preview", "--diff", "--stack", app.stack)).output;
  outputs += (await app.pulumiOk("up", "--yes", "--diff", "--stack", app.stack)).output;
  clearInterval(watch);
});
afterAll(() => app?.remove());

const expectNoTrace = (where: string, text: string) => {
  const at = text.search(ANY);
  if (at >= 0) throw new Error(`a secret stands in ${where}: ${text.slice(Math.max(0, at - 80), at + 40)}`);
};

/** Notes the command lines of all processes, as `ps` shows them. */
function lookAtProcesses(): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      processes.add(readFileSync(`/proc/${pid}/cmdline`, "latin1"));
    } catch {
      // it has ended
    }
  }
}

test("fifty random values arrive byte by byte", async () => {
  const [replica = ""] = await app.output<string[]>("replicas");
  const read =
    "console.log(JSON.stringify(Object.fromEntries(fs.readdirSync('/run/secrets').map((name) => [name, fs.readFileSync('/run/secrets/' + name, 'base64')]))))";
  const found = JSON.parse(await docker("exec", replica, "node", "-e", read)) as Record<string, string>;
  const wanted = Object.fromEntries(Object.entries(RANDOM).map(([name, value]) => [name, value.toString("base64")]));
  expect(Object.fromEntries(Object.entries(found).filter(([name]) => name in RANDOM))).toEqual(wanted);
});

test("the app reads the value byte by byte from its file, which no other user may read", async () => {
  for (const replica of await app.output<string[]>("replicas")) {
    const read =
      "process.stdout.write(require('fs').readFileSync('/run/secrets/token').toString('hex') + ' ' + (require('fs').statSync('/run/secrets/token').mode & 0o777).toString(8))";
    const [value = "", mode] = (await docker("exec", replica, "node", "-e", read)).split(" ");
    expect(Buffer.from(value, "hex").toString()).toBe(SENTINEL);
    expect(mode).toBe("400");
  }
});

test("the value is in no output, log, label, environment, image, state or file", async () => {
  expectNoTrace("the command's output", outputs);
  const seen = [...processes].join("\n");
  expect(seen).toContain("steps/secrets.ts"); // it was looked at the right time
  expectNoTrace("the list of processes", seen);
  expectNoTrace("docker inspect", JSON.stringify(await inspectAll(app.stack)));
  const { containers, images, volumes } = await census(app.stack);
  for (const name of containers) expectNoTrace(`the log of ${name}`, await docker("logs", name));
  for (const name of images)
    expectNoTrace(`the image ${name}`, (await docker("history", "--no-trunc", name)) + (await docker("image", "inspect", name)));
  for (const name of images) {
    const layers = execFileSync("docker", ["save", name], { maxBuffer: 2 ** 30 });
    expect(TRACES.filter((trace) => layers.includes(trace))).toEqual([]);
  }
  for (const name of volumes) expectNoTrace(`volume ${name}`, await docker("volume", "inspect", name));
  expectNoTrace("the exported state", (await app.pulumiOk("stack", "export", "--stack", app.stack)).stdout);
  expectNoTrace("the stack's outputs", (await app.pulumiOk("stack", "output", "--json", "--stack", app.stack)).stdout);
  for (const verb of ["status", "releases", "logs", "secrets"]) expectNoTrace(`npm run ${verb}`, (await app.npm(verb)).output);
  for (const file of await readdir(app.folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile() || file.parentPath.includes("node_modules")) continue;
    expectNoTrace(`the file ${file.name}`, await readFile(join(file.parentPath, file.name), "latin1"));
  }
});

test("a new value of one of five replaces exactly the processes that get it, and no request fails", async () => {
  const before = await containersOf();
  expect(await readAll()).toEqual({ web: { a: "a1", b: "b1", token: SENTINEL }, mail: { b: "b1", c: "c1" }, queue: { d: "d1" } });
  const load = await startLoad({ url: app.url, pause: 20, kinds: ["keepAlive", "newConnection"] });
  await app.secret("secrets.b", "b2");
  await app.upOk();
  const { sent, failed } = await load.stop();
  expect([failed, sent > 500]).toEqual([0, true]);
  console.log(`one rotation: ${sent} requests, ${failed} failed`);

  const after = await containersOf();
  expect([after["queue"], after["gateway"]]).toEqual([before["queue"], before["gateway"]]);
  for (const process of ["web", "mail"]) expect(after[process]?.filter((id) => before[process]?.includes(id))).toEqual([]);
  expect(await readAll()).toEqual({ web: { a: "a1", b: "b2", token: SENTINEL }, mail: { b: "b2", c: "c1" }, queue: { d: "d1" } });
  expect(await secretVolumes()).toHaveLength(3); // those with old values are gone
  expect((await app.output<unknown[]>("releases")).length).toBe(1);
});

test("a value that a process fails with stops the update, shows no secret, and leaves all that worked as it was", async () => {
  const before = await containersOf();
  await app.secret("secrets.c", "bad");
  const failed = await app.up();
  expect(failed.output).toContain("is not well");
  expectNoTrace("the failure's output", failed.output);
  expect(await containersOf("--filter", "status=running")).toEqual(before);
});

test("a release that is brought back has today's values", async () => {
  await app.secret("secrets.c", "c2"); // which mends what has just failed
  await app.pulumiOk("config", "set", "--path", "berth:env.GREETING", "Hello again", "--stack", app.stack);
  await app.upOk();
  await app.secret("secrets.d", "d2");
  await app.npmOk("rollback");
  expect((await app.output<{ name: string }[]>("releases")).map(({ name }) => name.includes("-"))).toEqual([false, true]);
  expect(await readAll()).toEqual({ web: { a: "a1", b: "b2", token: SENTINEL }, mail: { b: "b2", c: "c2" }, queue: { d: "d2" } });
});

test("a release is not brought back without a secret that it needs, and says how to set it", async () => {
  await app.pulumiOk("config", "rm", "--path", "berth:secrets.d", "--stack", app.stack);
  await app.pulumiOk("config", "rm", "--path", "berth:secretsFor.queue", "--stack", app.stack);
  const refused = await app.up();
  expect(refused.code).not.toBe(0);
  expect(refused.output).toMatch(
    /release \w+ needs the secret d, which is not set any more: pulumi config set --secret --path berth:secrets\.d <value>, or choose another release \(nothing was changed\)/,
  );
});

const secretVolumes = async () => (await census(app.stack)).volumes.filter((name) => name.includes("-secrets-"));

/** Ids of the containers of each process. */
async function containersOf(...filters: string[]): Promise<Record<string, string[]>> {
  const rows = await docker(
    "ps",
    "--all",
    "--no-trunc",
    "--filter",
    `label=berth.stack=${app.stack}`,
    ...filters,
    "--format",
    "{{.ID}} {{.Names}}",
  );
  const found: Record<string, string[]> = {};
  for (const row of lines(rows).sort()) {
    const [id = "", name = ""] = row.split(" ");
    if (!name.endsWith("-lock")) (found[processOf(name)] ??= []).push(id); // that of an update which has just ended goes a moment later
  }
  return found;
}

const processOf = (container: string): string =>
  /-(web|gateway|worker-(?<worker>[a-z]+))-/.exec(container)?.groups?.["worker"] ?? /-(web|gateway)-/.exec(container)?.[1] ?? "";

/** What each process finds in its folder of secrets. */
async function readAll(): Promise<Record<string, Record<string, string>>> {
  const ids = await containersOf();
  const program =
    "const fs = require('fs'), f = '/run/secrets/'; console.log(JSON.stringify(Object.fromEntries(fs.readdirSync(f).map((n) => [n, fs.readFileSync(f + n, 'latin1')]))))";
  const all = await Promise.all(
    ["web", "mail", "queue"].map(async (process) => {
      const read = (await Promise.all((ids[process] ?? []).map((id) => docker("exec", id, "node", "-e", program)))).map(
        (text) => JSON.parse(text) as Record<string, string>,
      );
      for (const each of read) expect(each).toEqual(read[0]);
      return [
        process,
        Object.fromEntries(
          Object.entries(read[0] ?? {})
            .filter(([name]) => !(name in RANDOM))
            .map(([name, value]) => [name, Buffer.from(value, "latin1").toString()]),
        ),
      ] as const;
    }),
  );
  return Object.fromEntries(all);
}
