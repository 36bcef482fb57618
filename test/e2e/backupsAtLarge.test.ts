/**
 * A gibibyte in 20,000 files beside restic by hand, and a restore that is killed at ten points:
 * `npm test -- e2e backupsAtLarge --long`.
 */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Checkout } from "./support/checkout.ts";
import { docker, lines } from "./support/engine.ts";
import { killCommand } from "./support/killCommand.ts";
import { longDescribe } from "./support/long.ts";

const FILES = 20_000;
const BYTES = 1024 ** 3;
const IMAGE = "restic/restic:0.18.1";

longDescribe("at large", () => {
  let app: Checkout;
  let folder: string;
  let volume: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-large-"));
    for (const name of ["target", "before", "after"]) await mkdir(join(folder, name));
    const backup = { keep: 3 };
    app = await Checkout.make({
      replicas: 1,
      drain: "1s",
      backups: { target: join(folder, "target") },
      volumes: [{ name: "data", target: "/data", backup }],
    });
    await app.secret("backups.password", "the same by hand");
    await app.upOk();
    volume = (await app.output<{ name: string }[]>("volumes"))[0]?.name ?? "";
    const fill = `const { randomFillSync } = require("node:crypto"), { mkdirSync, writeFileSync } = require("node:fs");
      const file = Buffer.alloc(${Math.round(BYTES / FILES)});
      for (let n = 0; n < ${FILES}; n++) { const folder = "/data/files/" + (n % 200); mkdirSync(folder, { recursive: true }); writeFileSync(folder + "/" + n, randomFillSync(file)); }`;
    await docker("run", "--rm", "--network", "none", "--volume", `${volume}:/data`, "node:24-bookworm-slim", "node", "-e", fill);
  }, 600_000);
  afterAll(async () => {
    await app?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const timed = async (work: () => Promise<unknown>) => {
    const started = Date.now();
    await work();
    return (Date.now() - started) / 1000;
  };
  const byHand = (repository: string, ...words: string[]) =>
    docker(
      "run",
      "--rm",
      "--network",
      "none",
      "--env",
      "RESTIC_PASSWORD=the same by hand",
      "--volume",
      `${join(folder, repository)}:/repository`,
      "--volume",
      `${volume}:/volume:ro`,
      IMAGE,
      "--no-cache",
      "--repo",
      "/repository",
      ...words,
    );

  test("a backup takes as long as restic by hand, and a second one hardly any time", async () => {
    const hands: number[] = [];
    const takeByHand = async (repository: string) => {
      // The first backup begins its repository by itself.
      hands.push(await timed(() => byHand(repository, "init").then(() => byHand(repository, "backup", "/volume"))));
    };
    await takeByHand("before");
    const first = await app.npm("backup");
    expect(first).toMatchObject({ code: 0 });
    await takeByHand("after"); // before and after, because a machine has other work, too
    const hand = ((hands[0] ?? 0) + (hands[1] ?? 0)) / 2;
    const second = await app.npm("backup");
    expect(second).toMatchObject({ code: 0 });
    console.log(
      `by hand ${hands.map((seconds) => seconds.toFixed(1)).join(" and ")} s; npm run backup ${first.seconds.toFixed(1)} s (${(first.seconds / hand).toFixed(2)} times); again ${second.seconds.toFixed(1)} s\n${first.output}${second.output}`,
    );
    expect(first.seconds).toBeLessThan(hand * 1.3);
    expect(second.seconds).toBeLessThan(10);
  }, 600_000);

  const notes = async () =>
    ((await (await fetch(`${app.url}/notes`)).json()) as { notes: { text: string }[] }).notes.map(({ text }) => text).sort();
  const addNote = (text: string) =>
    fetch(`${app.url}/notes`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ text }) });
  const mine = (label: string) => ["--quiet", "--filter", `label=berth.stack=${app.stack}`, "--filter", `label=${label}`];

  test("a restore that is killed at ten points never spoils what serves", async () => {
    await addNote("backed up");
    expect(await app.npm("backup")).toMatchObject({ code: 0 });
    await addNote("since");
    const whole = await app.npm("restore", "data", "--yes");
    expect(whole).toMatchObject({ code: 0 });
    expect(await notes()).toEqual(["backed up"]);
    const kept = /kept in (\S+)\./.exec(whole.output)?.[1] ?? "";
    expect(await app.npm("restore", "data", "--kept", kept, "--yes")).toMatchObject({ code: 0 });
    const told: string[] = [];
    for (let point = 0; point < 10; point++) {
      await addNote(`before ${point}`);
      const before = await notes();
      const after = (whole.seconds * (point + 0.5)) / 10;
      const said = await killedAfter(after);
      const swapped = said.includes("takes the place of");
      const served = await notes();
      told.push(`${after.toFixed(1)} s: ${swapped ? "after" : "before"} the swap, ${served.length} notes served`);
      expect([before, ["backed up"]]).toContainEqual(served);
      if (!swapped) expect(served).toEqual(before);
      expect(await app.npm("up", "--yes")).toMatchObject({ code: 0 });
      expect([before, ["backed up"]]).toContainEqual(await notes());
      if (!swapped) expect(await notes()).toEqual(before);
    }
    console.log(`a whole restore took ${whole.seconds.toFixed(1)} s; killed at\n  ${told.join("\n  ")}`);
    expect(await app.npm("restore", "data", "--yes")).toMatchObject({ code: 0 });
    expect(lines(await docker("volume", "ls", ...mine("berth.unfinished")))).toEqual([]);
  }, 1_800_000);

  /** Kills a restore, with all that it has started, after so many seconds. Returns what it has said. */
  async function killedAfter(seconds: number): Promise<string> {
    const child = spawn("npm", ["run", "--silent", "restore", "--", "data", "--yes", "--stack", app.stack], {
      cwd: app.folder,
      env: app.env,
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const closed = new Promise((resolve) => child.on("close", resolve));
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    await Promise.race([sleep(seconds * 1000), closed]);
    if (child.exitCode === null) killCommand(child, app.folder);
    await closed;
    for (const end = Date.now() + 30_000; lines(await docker("ps", ...mine("berth.part=backup"))).length > 0; await sleep(50))
      if (Date.now() > end) throw new Error("the container of the restore has outlived it for 30 s");
    return said;
  }
});
