/** Repositories that are not a folder: opened by what the settings hold, refused without, and as good as any. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import S3rver from "@20minutes/s3rver";
import type { Backup } from "../../commands/backups/snapshots.ts";
import { aptObstacle } from "../../toolchain/apt.ts";
import { Checkout } from "./support/checkout.ts";
import { docker } from "./support/engine.ts";
import { Guide } from "./support/guide.ts";
import { longDescribe } from "./support/long.ts";
import { startSshServer } from "./support/sshServer.ts";

longDescribe("a repository", () => {
  let app: Checkout;
  beforeAll(async () => {
    app = await Checkout.make({ replicas: 1, drain: "1s", volumes: [{ name: "data", target: "/data", backup: { keep: 2 } }] });
    await set("target", "/nowhere");
    await app.secret("backups.password", "a password");
    await app.upOk();
    await fetch(`${app.url}/notes`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text: "before" }),
    });
  });
  afterAll(() => app?.remove());

  const set = (path: string, value: string) =>
    app.pulumiOk("config", "set", "--path", "--stack", app.stack, `berth:backups.${path}`, "--", value);

  async function worksFor(kind: string): Promise<void> {
    expect(await app.npm("backup", "--init")).toMatchObject({
      code: 0,
      output: expect.stringContaining(`Began a repository at ${kind}:`) as string,
    });
    expect(await app.npm("backup")).toMatchObject({ code: 0 });
    const backups = JSON.parse((await app.npm("backups", "--json")).stdout) as Backup[];
    expect(backups.map(({ volume, number }) => `${volume} ${number}`)).toEqual(["data 2", "data 1"]);
    expect(await app.npm("restore", "data", "--yes")).toMatchObject({ code: 0 });
    const { notes } = (await (await fetch(`${app.url}/notes`)).json()) as { notes: { text: string }[] };
    expect(notes.map(({ text }) => text)).toEqual(["before"]);
  }

  test("in S3 is opened by a key", async () => {
    const directory = await mkdtemp(join(tmpdir(), "berth-s3-"));
    const address = await docker("network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", "bridge");
    const server = new S3rver({
      address,
      port: 0,
      directory,
      configureBuckets: [{ name: "shop" }],
      silent: true,
      vhostBuckets: false,
      allowMismatchedSignatures: true,
    }); // it takes a bucket's path for another one than restic signs
    const { port } = await server.run();
    try {
      await set("target", `s3:http://${address}:${port}/shop/berth`);
      await app.secret("backups.credentials.AWS_ACCESS_KEY_ID", "guessed");
      await app.secret("backups.credentials.AWS_SECRET_ACCESS_KEY", "S3RVER");
      expect(await app.npm("backup", "--init")).toMatchObject({
        code: 1,
        output: expect.stringMatching(
          /^error: volume data was not backed up: s3:\S+ refuses what berth:backups\.credentials holds: .*Access Key/m,
        ) as string,
      });
      await app.secret("backups.credentials.AWS_ACCESS_KEY_ID", "S3RVER");
      await worksFor("s3");
      expect(
        (await readdir(join(directory, "shop"), { recursive: true })).filter((path) => path.startsWith("berth/snapshots/")),
      ).not.toEqual([]);
    } finally {
      await server.close();
      await rm(directory, { recursive: true });
    }
  });

  const obstacle = aptObstacle();
  (obstacle === undefined ? test : test.skip)(
    `over SFTP is opened by a key, as the guide says, where the server shows its own${obstacle === undefined ? "" : ` (skipped: ${obstacle})`}`,
    async () => {
      const server = await startSshServer();
      try {
        await set("target", `sftp:${server.user}@${server.host}:berth`);
        const [ran] = await new Guide("docs/guides/backups.md").run(app, "Over SFTP", { "<key>": server.key, "<host>": server.host });
        expect(ran).toMatchObject({ code: 0 });
        const known = (await app.pulumiOk("config", "get", "--path", "--stack", app.stack, "berth:backups.ssh.knownHosts")).stdout;
        await set("ssh.knownHosts", known.replaceAll(/\S{10}$/gm, "AAAAAAAAAA"));
        expect(await app.npm("backup", "--init")).toMatchObject({
          code: 1,
          output: expect.stringMatching(
            /^error: volume data was not backed up: sftp:\S+ cannot be opened with berth:backups\.ssh: Host key verification failed\.$/m,
          ) as string,
        });
        await set("ssh.knownHosts", known);
        await worksFor("sftp");
        expect(await docker("exec", server.container, "ls", `/home/${server.user}/berth/snapshots`)).not.toBe("");
      } finally {
        await server.stop();
      }
    },
  );
});
