/** Backups as the guide tells it, and what happens where they go wrong. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { Checkout } from "./support/checkout.ts";
import { docker, lines } from "./support/engine.ts";
import { Guide } from "./support/guide.ts";

const guide = new Guide("docs/guides/backups.md");
const NAMES = ["plain", "two words", "line\nbreak", "Grüße 日本", "-dash", "'quote\"", "\\back"];

interface Listed {
  readonly id: string;
  readonly volume: string;
  readonly number: number;
}

let app: Checkout;
let target: string;
beforeAll(async () => {
  target = await mkdtemp(join(tmpdir(), "berth-backups-"));
  app = await Checkout.make({ replicas: 1, drain: "1s", volumes: [{ name: "data", target: "/data" }] });
  await app.upOk();
});
afterAll(async () => {
  await app?.remove();
  await rm(target, { recursive: true, force: true });
});

const volume = async () => (await app.output<{ name: string }[]>("volumes"))[0]?.name ?? "";
const backups = async () => JSON.parse((await app.npm("backups", "--json")).stdout) as Listed[];
/** Runs a shell script as root with the volume at /data, in a container of the base image. */
const inVolume = (name: string, script: string) => docker("run", "--rm", "--network", "none", "--user", "0", "--volume", `${name}:/data`, "--entrypoint", "/bin/bash", "node:24-bookworm-slim", "-c", script);
const addNote = (text: string) => fetch(`${app.url}/notes`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ text }) });

test("are made as the guide says, of every kind of file", async () => {
  await addNote("before");
  const awkward = NAMES.map((name) => `printf %s ${quote(name)} > ./${quote(name)}`).join("; ");
  await inVolume(await volume(), `cd /data && ${awkward}; mkdir -m 2751 folder; ln -s 'folder/../plain' link; ln plain hard; truncate -s 8M sparse; printf x >> sparse; chown 1234:4321 folder plain; chmod 4755 -- -dash; mkfifo pipe; touch -d '2001-02-03 04:05:06.789' folder`);
  await guide.run(app, "Say where, and what", { "<folder>": target });
  const [made, listed] = [...(await guide.run(app, "Make one, and see what there is")), await app.npm("backups", "--json")];
  expect(made).toMatchObject({ code: 0 });
  expect(made?.output).toMatch(/Began a repository at .*\nBacked up volume data: backup [0-9a-f]{8}, \d+ files/);
  expect(JSON.parse(listed?.stdout ?? "")).toMatchObject([{ volume: "data", number: 1, release: await app.output("release") }]);
});

test("keep exactly as many as they should, and run the hooks", async () => {
  const [{ backup }] = guide.config("Consistent data: `preHook`, `postHook`")["volumes"] as [{ backup: object }];
  await configureBackup({ ...backup, keep: 2 });
  for (let count = 0; count < 2; count++) expect(await app.npm("backup", "data")).toMatchObject({ code: 0 });
  expect((await backups()).map(({ number }) => number)).toEqual([3, 2]);
  expect(await docker("exec", (await app.output<string[]>("replicas"))[0] ?? "", "ls", "/tmp")).not.toContain("notes-hold");
});

test("that are due are made once, however many ask", async () => {
  expect(await guide.run(app, "On a schedule")).toMatchObject([{ code: 0, output: "" }]);
  await docker("volume", "rm", ...lines(await docker("volume", "ls", "--quiet", "--filter", `label=berth.stack=${app.stack}`, "--filter", "label=berth.record")));
  const both = await Promise.all([app.npm("backup", "--due"), app.npm("backup", "--due")]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(both.map(({ output }) => output).join("").match(/Backed up volume data/g)).toHaveLength(1);
  expect((await backups()).map(({ number }) => number)).toEqual([4, 3]);
});

test("fail where a hook does, and nothing is kept of it", async () => {
  await configureBackup({ keep: 2, preHook: ["node", "-e", "console.error('no luck'); process.exit(3)"] });
  const { code, output } = await app.npm("backup");
  expect(output).toMatch(/^error: volume data was not backed up: the preHook failed in container \S+ with exit code 3: .*\n {2}no luck$/m);
  expect(code).toBe(1);
  await configureBackup({ keep: 2 });
  expect((await backups()).map(({ number }) => number)).toEqual([4, 3]);
});

/** Changes how the volume is backed up, and leaves what is encrypted as it is. */
async function configureBackup(backup: object): Promise<void> {
  const file = join(app.folder, `Pulumi.${app.stack}.yaml`);
  const settings = parse(await readFile(file, "utf8")) as { config: Record<string, unknown> };
  settings.config["berth:volumes"] = [{ name: "data", target: "/data", backup }];
  await writeFile(file, stringify(settings));
}

const quote = (word: string) => `$'${word.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n")}'`;
