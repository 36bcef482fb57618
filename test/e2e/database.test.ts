/** docs/guides/database.md, step by step: the note board on PostgreSQL, which no release touches. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Checkout } from "./support/checkout.ts";
import { docker, inspectAll } from "./support/engine.ts";
import { Guide } from "./support/guide.ts";
import { startLoad } from "./support/load.ts";
import { longTest } from "./support/long.ts";

const PAGE = "app/src/page/layout.ts";
const guide = new Guide("docs/guides/database.md");

let app: Checkout;
let names: Record<string, string>;
let target: string;
beforeAll(async () => {
  target = await mkdtemp(join(tmpdir(), "berth-backups-"));
  app = await Checkout.make();
  names = { "berth-dev-database": `berth-${app.stack}-database` };
});
afterAll(async () => {
  await app?.remove();
  await rm(target, { recursive: true, force: true });
});

const configure = (values: Record<string, unknown>) => app.configure({ replicas: 1, drain: "2s", ...values });
const idOf = (accessory: string) =>
  docker("inspect", "--format", "{{.Id}} {{.RestartCount}} {{.State.StartedAt}}", `berth-${app.stack}-${accessory}`);
const about = async () => (await (await fetch(`${app.url}/about`)).json()) as { database: string; secrets: string[] };
const notes = async () => ((await (await fetch(`${app.url}/notes`)).json()) as { notes: { text: string }[] }).notes.map(({ text }) => text);
const post = async (text: string) =>
  (await fetch(`${app.url}/notes`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ text }) }))
    .status;
/** Waits until the app answers well again, at most 10 s. */
async function served(): Promise<void> {
  const deadline = Date.now() + 10_000;
  while ((await fetch(`${app.url}/up`)).status !== 200) {
    if (Date.now() > deadline) throw new Error("the app does not serve");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What Redis answers to the app; AUTH is given the password. */
async function redis(...commands: string[]): Promise<string[]> {
  const [web = ""] = await app.output<string[]>("replicas");
  const program = `
    const { hostname, port, password } = new URL(require("node:fs").readFileSync("/run/secrets/cache-url", "utf8"));
    const commands = ${JSON.stringify([...commands, "QUIT"])}.map((command) => (command === "AUTH" ? "AUTH " + password : command) + "\\r\\n").join("");
    const socket = require("node:net").connect(port, hostname, () => socket.write(commands));
    socket.pipe(process.stdout);`;
  return (await docker("exec", web, "node", "-e", program)).split("\r\n").slice(0, -1);
}

async function deleteNewest(): Promise<void> {
  const {
    notes: [newest],
  } = (await (await fetch(`${app.url}/notes?limit=1`)).json()) as { notes: { id: string }[] };
  await fetch(`${app.url}/notes/${newest?.id}`, { method: "DELETE" });
}

/** The guide's configuration, on the version of PostgreSQL that can be had everywhere. */
const config = (heading: string) => JSON.parse(JSON.stringify(guide.config(heading)).replaceAll('"16"', '"15"')) as Record<string, unknown>;

async function follow(heading: string): Promise<string> {
  const ran = await guide.run(app, heading, names);
  for (const { code, output } of ran) if (code !== 0) throw new Error(output);
  return ran.map(({ output }) => output).join("\n");
}

let first: string;
test("a few lines of configuration put the board on PostgreSQL, which serves before the app starts", async () => {
  await configure({
    ...config("Put the board on PostgreSQL"),
    accessories: [
      ...(config("Put the board on PostgreSQL")["accessories"] as object[]),
      ...(guide.config("Redis")["accessories"] as object[]),
    ],
  });
  const output = await follow("Put the board on PostgreSQL");
  expect(output.indexOf("accessory database is ready after")).toBeLessThan(output.indexOf("1 of 1 healthy"));
  expect(output).toContain(`berth-${app.stack}-database`);
  expect(output).toMatch(/data of database \(postgres 15\): volume \S+/);
  expect(await about()).toMatchObject({ database: "postgres", secrets: ["cache-url", "database-url"] });
  expect([await post("Milk"), await notes()]).toEqual([201, ["Milk"]]);
  first = await idOf("database");
});

test("its log and its contents can be looked at", async () => {
  const output = await follow("Look into it");
  expect(output).toContain("database system is ready to accept connections");
  expect(output).toMatch(/count *\n-+\n +1/);
});

test("Redis takes the password that the app is given, and nobody without it", async () => {
  expect(await redis("PING", "AUTH", "SET a b")).toEqual([expect.stringContaining("-NOAUTH"), "+OK", "+OK"]);
});

test("the password is in no label, environment, command or log", async () => {
  const [web = ""] = await app.output<string[]>("replicas");
  const url = await docker("exec", web, "node", "-e", 'console.log(require("node:fs").readFileSync("/run/secrets/database-url", "utf8"))');
  const { password } = new URL(url);
  expect(password).toMatch(/^[0-9a-f]{64}$/);
  const logs = await Promise.all((await inspectAll(app.stack)).map(({ Name }) => docker("logs", Name.slice(1))));
  const { stdout: state } = await app.pulumiOk("stack", "export", "--stack", app.stack);
  expect([JSON.stringify(await inspectAll(app.stack)), ...logs, state].filter((text) => text.includes(password))).toEqual([]);
});

test("a release and a rollback under load leave it alone, and lose no note", async () => {
  const load = await startLoad({ url: app.url, kinds: ["keepAlive", "post"], pause: 50 });
  await app.edit(PAGE, '<meta charset="utf-8">', '<meta charset="UTF-8">');
  await app.upOk();
  expect((await app.npm("rollback")).code).toBe(0);
  const report = await load.stop();
  expect(Object.values(report.tallies).flatMap(({ failures }) => failures)).toEqual([]);
  expect(await idOf("database")).toBe(first);
  const count = await docker(
    "exec",
    `berth-${app.stack}-database`,
    "psql",
    "--username=app",
    "--dbname=app",
    "--no-align",
    "--tuples-only",
    "--command=SELECT count(DISTINCT id) FROM notes",
  );
  expect(Number(count)).toBe(report.posted.length + 1);
  await app.pulumiOk("config", "rm", "berth:release", "--stack", app.stack);
});

test("one that somebody has stopped is told by name, and started again by an update", async () => {
  await docker("stop", `berth-${app.stack}-database`);
  expect((await fetch(`${app.url}/up`)).status).toBe(503);
  expect(await app.npm("drift")).toMatchObject({
    code: 2,
    output: expect.stringContaining(`accessory berth-${app.stack}-database: expected it to run, found exited`) as unknown,
  });
  expect(await app.npm("up", "--yes")).toMatchObject({
    code: 0,
    output: expect.stringContaining(`berth-${app.stack}-database started`) as unknown,
  });
  expect((await fetch(`${app.url}/up`)).status).toBe(200);
});

test("a dump brings back what was deleted since", async () => {
  const before = await notes();
  await follow("Dump");
  await deleteNewest();
  expect(await notes()).not.toEqual(before);
  await follow("Put a dump back");
  expect(await notes()).toEqual(before);
});

test("a backup of the database is the dump that it writes, and nothing that changes meanwhile", async () => {
  const [database] = config("Back up")["accessories"] as object[];
  await configure({ accessories: [database, { name: "cache", kind: "redis", backup: {} }], backups: { target } });
  await app.secret("backups.password", "a password of the test");
  expect(await follow("Back up")).toMatch(/Backed up volume database-data: backup [0-9a-f]{8}, 1 files/);
  expect(await app.npm("backup", "cache-data")).toMatchObject({
    code: 0,
    output: expect.stringContaining("Backed up volume cache-data") as unknown,
  });
});

test("a restored volume begins with the dump in it, on a new container", async () => {
  const before = await notes();
  const id = await idOf("database");
  await deleteNewest();
  const output = await follow("Restore a backup");
  await served();
  expect(output).toMatch(/Volume \S+ serves the data of database-data/);
  expect(await idOf("database")).not.toBe(id);
  expect(await notes()).toEqual(before);
});

longTest("a restored Redis has what was written before the backup, and not what was after", async () => {
  expect(await redis("AUTH", "SET a c")).toEqual(["+OK", "+OK"]);
  expect(await app.npm("restore", "cache-data", "--yes")).toMatchObject({
    code: 0,
    output: expect.stringMatching(/Volume \S+ serves the data of cache-data/) as unknown,
  });
  await served();
  expect(await redis("AUTH", "GET a")).toEqual(["+OK", "$1", "b"]);
});

longTest("its files can be copied out", async () => {
  const file = join(target, "version");
  expect(await app.npm("cp", "database:/var/lib/postgresql/data/pgdata/PG_VERSION", file)).toMatchObject({ code: 0 });
  expect(await readFile(file, "utf8")).toBe("15\n");
});

test("another major version is refused before anything is touched", async () => {
  await configure({ accessories: [{ name: "database", kind: "postgres", version: "16" }] });
  const { code, output } = await app.pulumi("preview", "--stack", app.stack);
  expect(code).not.toBe(0);
  expect(output).toContain("berth:accessories[0] is postgres 16, but the data of database were written by postgres 15");
});

longTest("the upgrade moves the contents into a second accessory, which the app then uses", async () => {
  await configure(config("Upgrade"));
  await follow("Upgrade");
  await configure(config("Switch to the new one"));
  await follow("Switch to the new one");
  const moved = await notes();
  expect(moved.length).toBeGreaterThan(0);
  expect(await post("Bread")).toBe(201);
  expect(
    await docker(
      "exec",
      `berth-${app.stack}-database16`,
      "psql",
      "--username=app",
      "--dbname=app",
      "--no-align",
      "--tuples-only",
      "--command=SELECT text FROM notes ORDER BY number DESC LIMIT 1",
    ),
  ).toBe("Bread");
});

longTest("the old one goes without its data, once it is no longer declared", async () => {
  const { accessories } = config("Switch to the new one") as { accessories: { name: string }[] };
  await configure({ ...config("Switch to the new one"), accessories: accessories.filter(({ name }) => name === "database16") });
  await app.upOk();
  expect((await notes())[0]).toBe("Bread");
  const { database } = await app.output<Record<string, { container: string | null; volume: string }>>("accessories");
  expect(database?.container).toBeNull();
  expect(await docker("volume", "inspect", "--format", "{{.Name}}", database?.volume ?? "")).toBe(database?.volume);
});

longTest("no command of the guide is left out", () => {
  expect(guide.left()).toEqual([]);
});
