/** Backups as the guide tells it, and what happens where they go wrong. */
import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { restoreInto } from "../../commands/backups/restoreInto.ts";
import type { Backup } from "../../commands/backups/snapshots.ts";
import { Checkout } from "./support/checkout.ts";
import { docker, inVolume, lines } from "./support/engine.ts";
import { Guide } from "./support/guide.ts";
import { killCommand } from "./support/killCommand.ts";
import { LONG, longTest } from "./support/long.ts";

const guide = new Guide("docs/guides/backups.md");
const NAMES = ["plain", "two words", "line\nbreak", "Grüße 日本", "-dash", "'quote\"", "\\back"];

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
const backups = async () => JSON.parse((await app.npm("backups", "--json")).stdout) as Backup[];
/** All that is to be the same of a volume, in words; SQLite's own files change when they are opened. */
const portrait = (name: string) =>
  inVolume(
    name,
    "cd /data && find . ! -name 'notes.db*' ! -path . -printf '%p|%y|%m|%U|%G|%l|%n|%s|%T@\\0' | sort -z | tr '\\0\\n' '\\n?'; find . -type f ! -name 'notes.db*' -print0 | sort -z | xargs -0 sha256sum; stat -c '%b blocks' sparse; stat -c '%a %u %g' .",
  );
const addNote = (text: string) =>
  fetch(`${app.url}/notes`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ text }) });
const notes = async () => ((await (await fetch(`${app.url}/notes`)).json()) as { notes: { text: string }[] }).notes.map(({ text }) => text);

test("are made as the guide says, of every kind of file", async () => {
  await addNote("before");
  const awkward = NAMES.map((name) => `printf %s ${quote(name)} > ./${quote(name)}`).join("; ");
  await inVolume(
    await volume(),
    `cd /data && ${awkward}; mkdir -m 2751 folder; ln -s 'folder/../plain' link; ln plain hard; truncate -s 8M sparse; printf x >> sparse; chown 1234:4321 folder plain; chmod 4755 -- -dash; mkfifo pipe; touch -d '2001-02-03 04:05:06.789' folder`,
  );
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
  await docker(
    "volume",
    "rm",
    ...lines(await docker("volume", "ls", "--quiet", "--filter", `label=berth.stack=${app.stack}`, "--filter", "label=berth.record")),
  );
  const both = await Promise.all([app.npm("backup", "--due"), app.npm("backup", "--due")]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(
    both
      .map(({ output }) => output)
      .join("")
      .match(/Backed up volume data/g),
  ).toHaveLength(1);
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

describe("a restore", () => {
  let before: string; // the portrait of the volume at the last backup
  beforeAll(async () => {
    expect(await app.npm("backup")).toMatchObject({ code: 0 });
    before = await portrait(await volume());
    await addNote("after");
  });

  test("brings every file back as it was, into a new volume, and the one of before can take its place again", async () => {
    const from = await volume();
    await inVolume(from, "rm -rf /data/folder /data/link && echo spoilt > /data/plain");
    const spoilt = await portrait(from);
    const [restored, back] = await guide.run(app, "Bring data back", { "<volume>": from });
    expect(restored).toMatchObject({ code: 0 });
    const to = /Volume (\S+) serves the data of data/.exec(restored?.output ?? "")?.[1] ?? "";
    expect(await portrait(to)).toBe(before);
    expect(back).toMatchObject({ code: 0 });
    expect(await volume()).toBe(from);
    expect(await portrait(from)).toBe(spoilt);
    expect((await notes()).sort()).toEqual(["after", "before"]);
    expect(await app.npm("drift")).toMatchObject({ code: 0 });
  });

  test.each(LONG ? ["restore", "update"] : ["restore"])(
    "that is killed in its %s leaves the live data as they are, and nothing behind",
    async (when) => {
      const from = await volume();
      const said = await killed(when);
      expect((await notes()).sort()).toEqual(["after", "before"]);
      expect(await docker("volume", "ls", "--quiet", "--filter", `name=^${from}$`)).toBe(from);
      if (when === "restore") {
        expect(await volume()).toBe(from);
        await leaveUnstarted();
      } else expect(said).toContain("takes the place of");
    },
  );

  test(LONG ? "is finished by an update where it was killed in one" : "and is begun again by asking for it again", async () => {
    expect(await (LONG ? app.npm("up", "--yes") : app.npm("restore", "data", "--yes"))).toMatchObject({ code: 0 });
    expect(await notes()).toEqual(["before"]);
    const ofBackups = ["--filter", `label=berth.stack=${app.stack}`, "--filter", "label=berth.part=backup"];
    expect(lines(await docker("ps", "--all", "--quiet", ...ofBackups))).toEqual([]);
  });
});

test("a drill proves the newest backup, status tells of it, and a new release waits for a good one", async () => {
  await configureBackup({ keep: 2, check: ["src/notes/check.ts"] });
  const [drilled] = await guide.run(app, "Prove it: a drill");
  expect(drilled?.output).toMatch(
    /Drill of volume data: backup [0-9a-f]{8} of \S+ \S+ was restored and verified in \S+ s, \d+ files; the check is content: 1 notes, and the file is sound\./,
  );
  expect(drilled?.output).toMatch(/^last drill of data: \d+ s ago, good: backup [0-9a-f]{8}, made /m);

  await configureBackup({ keep: 2, check: ["-e", "console.log('rotten'); process.exit(7)"] });
  const failed = await app.npm("drill");
  expect(failed.output).toMatch(
    /^error: the drill of volume data failed: the check of the restored data failed with exit code 7: .*\n {2}rotten$/m,
  );
  expect(failed.code).toBe(1);
  await app.edit("app/src/environment.ts", '"Hello"', '"Good day"');
  const refused = await app.up();
  expect(refused.output).toContain(
    "berth:backups.maxDrillAge asks for a good drill of volume data within 7 days, but the last one failed: the check of the restored data failed with exit code 7",
  );
  expect(refused.code).not.toBe(0);
  expect(
    lines(await docker("volume", "ls", "--quiet", "--filter", `label=berth.stack=${app.stack}`)).filter(
      (name) => name.includes("-drill-") && !name.includes("-record-"),
    ),
  ).toEqual([]);
});

describe("a backup that is no good is refused, and the live data stay as they are:", () => {
  let live: string;
  let pack: string;
  let bytes: Buffer;
  beforeAll(async () => {
    live = await volume();
    const packs = (await readdir(join(target, "data"), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    [pack = ""] = packs.sort((a, b) => statSync(b).size - statSync(a).size);
    bytes = await readFile(pack);
  });
  afterEach(async () => {
    expect(await volume()).toBe(live);
    expect(await notes()).toEqual(["before"]);
    expect(
      lines(await docker("volume", "ls", "--quiet", "--filter", `label=berth.stack=${app.stack}`, "--filter", "label=berth.unfinished")),
    ).toEqual([]);
  });

  const damage = async (spoilt: Buffer) => {
    await writeFile(pack, spoilt);
    const ran = await app.npm("restore", "data", "--yes");
    await writeFile(pack, bytes);
    return ran;
  };
  const flipped = () => {
    const spoilt = Buffer.from(bytes);
    for (let at = 0; at < spoilt.length; at += 1000) spoilt[at] = (spoilt[at] ?? 0) ^ 1;
    return spoilt;
  };

  const refuses = (spoil: () => Buffer) => async () => {
    const { code, output } = await damage(spoil());
    expect(output).toMatch(/^error: backup [0-9a-f]{8} could not be restored: the repository at \S+ is damaged: /m);
    expect(code).toBe(1);
  };
  test("flipped bits", refuses(flipped));
  longTest(
    "cut",
    refuses(() => bytes.subarray(0, bytes.length / 2)),
  );

  longTest("another volume's, or none", async () => {
    const { code, output } = await app.npm("restore", "data", "--backup", "ffffffff", "--yes");
    expect(output).toMatch(/^error: there is no backup ffffffff \(of volume data there are: [0-9a-f]{8}, [0-9a-f]{8}\)$/m);
    expect(code).toBe(1);
  });

  longTest("one that has no room where it is to go, or where it is to be restored", async () => {
    const inMemory = (name: string, size: string) =>
      docker(
        "volume",
        "create",
        "--label",
        `berth.stack=${app.stack}`,
        "--opt",
        "type=tmpfs",
        "--opt",
        "device=tmpfs",
        "--opt",
        `o=size=${size}`,
        `${app.stack}-${name}`,
      );
    const disk = await inMemory("disk", "2m");
    const holder = await docker(
      "run",
      "--detach",
      "--init",
      "--label",
      `berth.stack=${app.stack}`,
      "--volume",
      `${disk}:/disk`,
      "--entrypoint",
      "sleep",
      "node:24-bookworm-slim",
      "600",
    ); // else it is not mounted
    try {
      await inVolume(live, "head -c 8M /dev/urandom > /data/large");
      await configureBackup({ keep: 2 }, await docker("volume", "inspect", "--format", "{{.Mountpoint}}", disk));
      const { code, output } = await app.npm("backup", "--init");
      expect(output).toMatch(/^error: volume data was not backed up: there is no room left: .*no space left on device/m);
      expect(code).toBe(1);
    } finally {
      await configureBackup({ keep: 2 }, target);
      await docker("rm", "--force", holder);
    }
    const small = await inMemory("small", "16m");
    const password = (await app.pulumiOk("config", "get", "--path", "berth:backups.password", "--stack", app.stack)).stdout.trim();
    const [backup] = await backups();
    const restored = restoreInto(
      { project: "berth", stack: app.stack },
      { target, password, credentials: {} },
      backup as Backup,
      small,
      () => undefined,
    );
    await expect(restored).rejects.toThrow(
      /^backup [0-9a-f]{8} takes .*, and the engine's disk has 16\.0 MiB free, of which 256\.0 MiB are left to the app: make room there$/,
    );
  });

  test("a password that does not open it", async () => {
    await app.secret("backups.password", "not the password");
    for (const words of [["restore", "data", "--yes"], ...(LONG ? [["backup"]] : [])] as [string, ...string[]][]) {
      const { code, output } = await app.npm(...words);
      expect(output).toMatch(/berth:backups\.password does not open the repository at \S+: set the one that it was made with$/m);
      expect(code).toBe(1);
    }
  });
});

test("the guide has no command that was not run here, or in backupTargets.test.ts", () =>
  expect(guide.left().filter((command) => !command.startsWith("Over SFTP: "))).toEqual([]));

/** Kills a restore with all that it has started, in the middle of this. Returns what it has said. */
async function killed(when: string): Promise<string> {
  const child = spawn("npm", ["run", "--silent", "restore", "--", "data", "--yes", "--stack", app.stack], {
    cwd: app.folder,
    env: app.env,
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = new Promise((resolve) => child.on("close", resolve));
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  const mine = (label: string) => ["--quiet", "--filter", `label=berth.stack=${app.stack}`, "--filter", `label=${label}`];
  const inTheMiddle = async () =>
    when === "restore"
      ? lines(await docker("volume", "ls", ...mine("berth.unfinished"))).length > 0
      : said.includes("takes the place of") && lines(await docker("ps", ...mine("berth.part=web"))).length > 1;
  for (const end = Date.now() + 120_000; !(await inTheMiddle()); await sleep(50))
    if (Date.now() > end || child.exitCode !== null) throw new Error(`the restore was never in its ${when}: ${said}`);
  killCommand(child, app.folder);
  await closed;
  const outlives = async () => lines(await docker("ps", ...mine("berth.part=backup"))).length > 0;
  for (const end = Date.now() + 30_000; await outlives(); await sleep(50))
    if (Date.now() > end) throw new Error("the container of the restore has outlived it for 30 s");
  return said;
}

/** What a restore leaves that is killed between making its container and starting it. */
async function leaveUnstarted(): Promise<void> {
  const [mark = ""] = lines(
    await docker("volume", "ls", "--quiet", "--filter", `label=berth.stack=${app.stack}`, "--filter", "label=berth.unfinished"),
  );
  const labels = ["project=berth", `stack=${app.stack}`, "part=backup", "doing=restore"].flatMap((label) => ["--label", `berth.${label}`]);
  await docker("create", ...labels, "--volume", `${mark.replace(/-unfinished$/, "")}:/volume`, "node:24-bookworm-slim");
}

/** Changes how the volume is backed up, and leaves what is encrypted as it is. */
async function configureBackup(backup: object, where?: string): Promise<void> {
  const file = join(app.folder, `Pulumi.${app.stack}.yaml`);
  const settings = parse(await readFile(file, "utf8")) as { config: Record<string, unknown> };
  settings.config["berth:volumes"] = [{ name: "data", target: "/data", backup }];
  if (where !== undefined) (settings.config["berth:backups"] as { target: string }).target = where;
  await writeFile(file, stringify(settings));
}

const quote = (word: string) => `$'${word.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n")}'`;
