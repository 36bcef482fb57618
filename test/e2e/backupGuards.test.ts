/** A good backup is never replaced by what is none, and what was killed is in nobody's way. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Backup } from "../../commands/backups/snapshots.ts";
import { Checkout } from "./support/checkout.ts";
import { docker, inVolume, lines } from "./support/engine.ts";
import { killCommand } from "./support/killCommand.ts";
import { longTest } from "./support/long.ts";

let app: Checkout;
let target: string;

const settings = (keep: unknown) => ({
  replicas: 1,
  drain: "1s",
  volumes: [{ name: "data", target: "/data", backup: { keep } }],
  backups: { target },
});
beforeAll(async () => {
  target = await mkdtemp(join(tmpdir(), "berth-guards-"));
  app = await Checkout.make(settings(2));
  await app.secret("backups.password", "long enough");
  await app.upOk();
  await fill(40);
  expect(await app.npm("backup")).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await app?.remove();
  await rm(target, { recursive: true, force: true });
});

const volume = async () => (await app.output<{ name: string }[]>("volumes"))[0]?.name ?? "";
const backups = async () => JSON.parse((await app.npm("backups", "--json")).stdout) as Backup[];
const numbers = async () => (await backups()).map(({ number }) => number);
/** Runs a shell script with the volume of today at /data. */
const inData = async (script: string) => inVolume(await volume(), script);
const fill = (mebibytes: number) => inData(`head -c ${mebibytes}M /dev/urandom > /data/large && seq 200 | split -l 1 - /data/part-`);

test("what a volume has lost is no backup until somebody says so", async () => {
  await inData("rm -rf /data/large /data/part-*");
  const { code, output } = await app.npm("backup");
  expect(output).toMatch(/^error: volume data was not backed up: what was read of volume data \(.*\) is no backup: /m);
  expect(code).toBe(1);
  expect(await numbers()).toEqual([1]);
  expect(await app.npm("backup", "--accept")).toMatchObject({ code: 0 });
  expect(await numbers()).toEqual([2, 1]);
});

longTest("a lock that a killed backup has left is in nobody's way, wherever it was killed", async () => {
  for (const seconds of [0.4, 0.7, 1, 1.3, 1.6, 2]) {
    await fill(40);
    const child = spawn("npm", ["run", "--silent", "backup", "--", "--accept", "--stack", app.stack], {
      cwd: app.folder,
      env: app.env,
      detached: true,
      stdio: "ignore",
    });
    const closed = new Promise((resolve) => child.on("close", resolve));
    await Promise.race([sleep(seconds * 1000), closed]);
    if (child.exitCode === null) killCommand(child, app.folder);
    await closed;
    await docker("kill", ...lines(await docker("ps", "--quiet", ...ofBackups()))).catch(() => undefined); // restic itself, by a power cut
    expect(await app.npm("backup", "--accept")).toMatchObject({ code: 0 });
    expect(await app.npm("drill")).toMatchObject({ code: 0 });
  }
  expect(await backups()).toHaveLength(2);
});

longTest("rules keep what they say", async () => {
  await app.configure(settings({ daily: 1 }));
  await app.secret("backups.password", "long enough");
  expect(await app.npm("backup")).toMatchObject({ code: 0 });
  expect(await backups()).toHaveLength(1); // of one day, unless it is just over
});

longTest("a volume that is gone is refused before anything is made, and is brought back", async () => {
  const [before, name] = [await numbers(), await volume()];
  await docker(
    "rm",
    "--force",
    ...lines(await docker("ps", "--all", "--quiet", "--filter", `label=berth.stack=${app.stack}`, "--filter", "label=berth.part=web")),
  );
  await docker("volume", "rm", name);
  const { code, output } = await app.npm("backup");
  expect(output).toContain(
    `error: volume data was not backed up: stack ${app.stack} has the data of data in volume ${name}, and the Docker engine at`,
  );
  expect(output).toContain("has no such volume. Nothing was made, and no backup was removed.");
  expect(code).toBe(1);
  expect(await numbers()).toEqual(before);
  expect(await app.npm("restore", "data", "--yes")).toMatchObject({ code: 0 });
  expect(await inData("ls /data | wc -l")).toMatch(/^2\d\d$/);
});

const ofBackups = () => ["--filter", `label=berth.stack=${app.stack}`, "--filter", "label=berth.part=backup"];
