/** Volumes begin, are taken over and renamed as docs/guides/volumes.md says, and no data are lost sight of. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Checkout } from "./support/checkout.ts";
import { docker, inVolume } from "./support/engine.ts";
import { Guide } from "./support/guide.ts";
import { longTest } from "./support/long.ts";

const guide = new Guide("docs/guides/volumes.md");
const FOREIGN = `berth-stranger-${process.pid}-pictures`;
const seeded = guide.config("Begin with something")["volumes"] as { name: string; target: string }[];
let app: Checkout;
beforeAll(async () => {
  await docker("volume", "create", FOREIGN);
  app = await Checkout.make({ volumes: seeded, replicas: 1 });
  await app.write("seed/hello.txt", "hello");
  await app.upOk();
});
afterAll(async () => {
  await app?.remove();
  await docker("volume", "rm", "--force", FOREIGN);
});

const inReplica = async (program: string) => docker("exec", (await app.output<string[]>("replicas"))[0] ?? "", "node", "-p", program);
const engineName = async (target: string) =>
  (await app.output<{ name: string; target: string }[]>("volumes")).find((volume) => volume.target === target)?.name ?? "";

test("a new volume begins with its seed, which the app may change, and no release puts it there again", async () => {
  expect(await inReplica('const { uid, gid } = require("fs").statSync("/data/hello.txt"); [uid, gid].join()')).toBe("1000,1000");
  expect(await inReplica('require("fs").readdirSync("/themes").sort().join()')).toBe("board.ts,html.ts,layout.ts,style.css,time.ts");
  await inReplica('require("fs").writeFileSync("/data/hello.txt", "changed"); require("fs").rmSync("/themes/html.ts")');
  await app.write("seed/hello.txt", "another");
  await app.upOk("--expect-no-changes");
  const data = await engineName("/data");
  const { output } = await app.upOk(
    "--replace",
    `urn:pulumi:${app.stack}::berth::berth:index:WebApp$berth:index:Seed$command:local:Command::berth-${app.stack}-data-seed-fill`,
  ); // as after a destroy that left the data
  expect(output).toContain(`volume ${data} has data already: nothing was put there`);
  expect(await inReplica('require("fs").readFileSync("/data/hello.txt", "utf8")')).toBe("changed");
});

test("status tells the size of each volume", async () => {
  const [{ output } = { output: "" }] = await guide.run(app, "See how large it is");
  for (const target of ["/data", "/themes"])
    expect(output).toMatch(new RegExp(`^data at ${target}: volume ${await engineName(target)}, [\\d.]+k?M?B$`, "m"));
});

test("another name for the same data is refused at preview, and the command that it names keeps them", async () => {
  const data = await engineName("/data");
  const renamed = seeded.map(({ name, target }) => ({ name: name === "data" ? "notes" : name, target }));
  await app.configure({ volumes: renamed, replicas: 1 });
  const { code, output } = await app.pulumi("preview", "--stack", app.stack);
  expect(code).not.toBe(0);
  expect(output).toContain(
    `berth:volumes[0].name is notes, but the data at /data are in volume data, and the app would begin without them: to keep them under the new name, pulumi config set --path 'berth:volumes[0].existing' ${data}; to begin anew`,
  );
  for (const ran of await guide.run(app, "Use a volume that is there", { "<volume>": data })) expect(ran).toMatchObject({ code: 0 });
  expect([await engineName("/data"), await inReplica('require("fs").readFileSync("/data/hello.txt", "utf8")')]).toEqual([data, "changed"]);
  for (const ran of await guide.run(app, "Remove what nobody needs any more")) expect(ran).toMatchObject({ code: 0 });
  // It is in use
  expect([await engineName("/data"), await inReplica('require("fs").readFileSync("/data/hello.txt", "utf8")')]).toEqual([data, "changed"]);
  expect(guide.left()).toEqual([]);
});

test("a volume of somebody else is mounted, and one that is not there stops the update", async () => {
  const volumes = (existing: string) => [
    { name: "notes", target: "/data" },
    { name: "pictures", target: "/pictures", existing },
  ];
  await app.configure({ volumes: volumes("berth-nobody"), replicas: 1 });
  const { output } = await app.up();
  expect(output).toContain(
    "berth:volumes[1].existing is berth-nobody, which is no volume on the engine: see docker volume ls, or leave it out and Berth makes one",
  );
  await app.configure({ volumes: [{ ...volumes(FOREIGN)[0], existing: await engineName("/data") }, volumes(FOREIGN)[1]], replicas: 1 });
  await app.upOk();
  expect(await inReplica('require("fs").readFileSync("/proc/mounts", "utf8").includes(" /pictures ")')).toBe("true");
});

longTest("its backup is restored into a new volume, which the command that it says puts in its place", async () => {
  const target = await mkdtemp(join(tmpdir(), "berth-backups-"));
  try {
    await inVolume(FOREIGN, "echo sea > /data/a.jpg; chmod 777 /data");
    await app.configure({
      volumes: [
        { name: "notes", target: "/data", existing: await engineName("/data") },
        { name: "pictures", target: "/pictures", existing: FOREIGN, backup: { keep: 1 } },
      ],
      replicas: 1,
      backups: { target },
    });
    await app.secret("backups.password", "a password of the test");
    expect(await app.npm("backup", "pictures")).toMatchObject({ code: 0 });
    await inReplica('require("fs").rmSync("/pictures/a.jpg")');
    const { code, output } = await app.npm("restore", "pictures", "--yes");
    const [, path, restored] =
      /Volume \S+ is not Berth's own, .*: npm run pulumi -- config set --path '(\S+)' (\S+) --stack/.exec(output) ?? [];
    expect([code, path]).toEqual([0, "berth:volumes[1].existing"]);
    expect(await inReplica('require("fs").existsSync("/pictures/a.jpg")')).toBe("false");
    await app.pulumiOk("config", "set", "--path", path ?? "", restored ?? "", "--stack", app.stack);
    await app.upOk();
    expect(await inReplica('require("fs").readFileSync("/pictures/a.jpg", "utf8")')).toBe("sea");
  } finally {
    await rm(target, { recursive: true, force: true });
  }
});

test("a destroy with data leaves it alone, too", async () => {
  const before = await docker("volume", "inspect", FOREIGN);
  expect((await app.npm("destroy", "--with-data", "--yes")).code).toBe(0);
  expect(await docker("volume", "inspect", FOREIGN)).toBe(before);
});
