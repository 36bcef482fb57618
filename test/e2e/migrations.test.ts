/** A migration that goes wrong hurts nobody: the data are put back from their copy, and requests wait meanwhile. */
import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Checkout } from "./support/checkout.ts";
import { docker, lines } from "./support/engine.ts";
import { startLoad } from "./support/load.ts";
import { longTest } from "./support/long.ts";

const volumes = [{ name: "data", target: "/data" }];
const DROP = 'new (require("node:sqlite").DatabaseSync)("/data/notes.db").exec("DROP TABLE notes"); console.log("dropped the table");';
let app: Checkout;
beforeAll(async () => {
  app = await Checkout.make({ volumes, drain: "2s" });
  await app.upOk();
});
afterAll(() => app?.remove());

const live = () => app.output<string>("release");
const notes = async () => ((await (await fetch(`${app.url}/notes/count`)).json()) as { count: number }).count;
const mine = (...words: string[]) =>
  docker(...words, "--filter", `label=berth.stack=${app.stack}`, "--filter", "label=berth.part=snapshot");
const copies = async () => lines(await mine("volume", "ls", "--format", "{{.Name}}")).sort();
const configure = (greeting: string, script: string, timeout = "60s") =>
  app.configure({ volumes, drain: "2s", env: { GREETING: greeting }, migration: { command: ["-e", script], timeout } });

test("a migration that drops a table and fails: old data and old release are back, the copy is named, and requests waited", async () => {
  const before = await live();
  const load = await startLoad({ url: app.url, kinds: ["keepAlive", "newConnection", "post"] });
  await configure("never", `${DROP} process.exit(7)`);
  const { code, output } = await app.up();
  const report = await load.stop();
  expect(code).not.toBe(0);
  const [copy = ""] = await copies();
  expect(output).toMatch(/the migration of release \S+ failed with exit code 7 after/);
  expect(output).toContain("dropped the table");
  expect(output).toMatch(
    new RegExp(
      `The data are as they were before it\\. Their copy stays until the next release is live: ${copy} \\(of berth-${app.stack}-data-volume-\\w+\\)`,
    ),
  );
  expect(Object.values(report.tallies).flatMap(({ failures }) => failures)).toEqual([]);
  console.log(`a failed migration: longest wait of a request ${(report.longest / 1000).toFixed(1)} s`);
  expect([await live(), await notes()]).toEqual([before, report.posted.length]);
  expect(lines(await mine("ps", "--all", "--quiet"))).toEqual([]);
});

longTest("an update that is killed in the middle of a migration is put right by the next one, whatever that is", async () => {
  const [before, stored] = [await live(), await notes()];
  await configure("never", `${DROP} setTimeout(() => undefined, 600000)`, "8s");
  const child = spawn("npm", ["run", "--silent", "up", "--", "--stack", app.stack, "--yes"], {
    cwd: app.folder,
    env: app.env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = new Promise((resolve) => child.on("close", resolve));
  await new Promise<void>((resolve) =>
    child.stdout.setEncoding("utf8").on("data", (text: string) => text.includes("dropped the table") && resolve()),
  );
  const locks = join(app.folder, ".berth", "state", ".pulumi", "locks", "organization", "berth", app.stack);
  const [lock = ""] = (await readdir(locks)).filter((name) => name.endsWith(".json"));
  const { pid } = JSON.parse(await readFile(join(locks, lock), "utf8")) as { pid: number };
  process.kill(Number(/^\d+ \(.*\) \S (\d+)/s.exec(await readFile(`/proc/${pid}/stat`, "utf8"))?.[1]), "SIGKILL"); // the command
  process.kill(pid, "SIGKILL");
  await closed;

  await configure("good", 'require("fs").writeFileSync("/data/migrated", "")');
  const { code, output } = await app.npm("up", "--yes");
  expect(output).toMatch(/The migration of release \S+ was cut off with its update\./);
  expect(output).toContain("took longer than 8 s");
  expect(output).toContain("The data are as they were before it. Their copy: ");
  expect(code).toBe(0);
  expect(await live()).not.toBe(before);
  expect(await notes()).toBe(stored);
  expect(await copies()).toEqual([`berth-${app.stack}-copy-data-${await live()}`]); // those of what failed are gone
  expect(lines(await mine("ps", "--all", "--quiet"))).toEqual([]);
});

longTest("with one writer, too, a failed migration gives the data back", async () => {
  const before = await notes();
  await app.configure({
    volumes,
    drain: "2s",
    strategy: "recreate",
    env: { GREETING: "never" },
    migration: { command: ["-e", `${DROP} process.exit(7)`] },
  });
  const { code, output } = await app.up();
  expect(code).not.toBe(0);
  expect(output).toMatch(/Their copy stays until the next release is live: berth-\S+-copy-data-\S+ \(of/);
  expect([await notes(), await (await fetch(app.url)).text()]).toEqual([before, expect.stringContaining("good")]);
});
