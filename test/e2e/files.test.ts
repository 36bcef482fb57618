/** Files go in and out as docs/guides/files.md says, with what belongs to them. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Checkout } from "./support/checkout.ts";
import { census, docker } from "./support/engine.ts";
import { Guide } from "./support/guide.ts";

const guide = new Guide("docs/guides/files.md");
const volumes = [{ name: "data", target: "/data" }];
let app: Checkout;
beforeAll(async () => {
  app = await Checkout.make({ volumes, ...guide.config("Memory") });
  await app.upOk();
});
afterAll(() => app?.remove());

const inReplica = async (program: string) => docker("exec", (await app.output<string[]>("replicas"))[0] ?? "", "node", "-e", program);
const here = (path: string) => join(app.folder, path);
const cp = (from: string, to: string) => app.npm("cp", from, to);

test("the commands of the guide do what it says", async () => {
  for (const heading of ["Out of the app", "Into a volume", "As an archive"]) {
    for (const { code, output } of await guide.run(app, heading))
      expect({ code, output }).toEqual({
        code: 0,
        output: expect.stringMatching(/^Copied \S+ to \S+: [\d.]+ [KM]iB in [\d.]+ s$/m) as string,
      });
  }
  expect(readFileSync(here("notes.db")).subarray(0, 15).toString()).toBe("SQLite format 3");
  expect(readFileSync(here("imported.tar")).subarray(0, 11).toString()).toBe("imported.db");
  expect(execFileSync("tar", ["tf", here("data.tar")], { encoding: "utf8" })).toMatch(/^imported\.db$/m);
  expect(
    await inReplica(
      'const { uid, mode } = require("fs").statSync("/data/imported.db"); process.stdout.write(`${uid} ${(mode & 0o777).toString(8)}`)',
    ),
  ).toMatch(/^1000 6/);
  expect(guide.left()).toEqual([]);
});

test("a folder comes back as it went, with names, modes and links, also under another name and by way of an archive", async () => {
  mkdirSync(here("tree/a b"), { recursive: true });
  writeFileSync(here("tree/a b/€\nx"), "text", { mode: 0o640 });
  writeFileSync(here("tree/run.sh"), "#!/bin/sh\n", { mode: 0o755 });
  symlinkSync("run.sh", here("tree/link"));
  const names = (path: string) =>
    execFileSync("find", [".", "-printf", "%p %y %m %s %l\\0"], { cwd: here(path), encoding: "utf8" })
      .split("\0")
      .sort();
  for (const [from, to] of [
    ["tree", "volume/data:/other"],
    ["volume/data:/other", "back"],
    ["web-2:/data/other/.", "tree"],
  ] as const) {
    const { code, output } = await cp(from, to);
    expect({ code, output }).toMatchObject({ code: 0 });
  }
  expect(names("back")).toEqual(names("tree"));
  expect(statSync(here("back/run.sh")).uid).toBe(process.getuid?.() === 0 ? 1000 : process.getuid?.());
});

test.each([
  ["web:/data", "x", 'error: there is no "web" on stack STACK: there is gateway, web-1, web-2, volume/data'],
  ["web-1:/nope", "x", "error: there is nothing at web-1:/nope"],
  ["package.json", "web-1:/etc/", "error: web-1:/etc/ cannot be written: only what is below /data can"],
  ["web-1:/data", "nowhere/x", "error: there is no folder nowhere here: make it first"],
])("%s to %s is refused in one line", async (from, to, words) => {
  const { code, output } = await cp(from, to);
  expect(output).toContain(words.replace("STACK", app.stack));
  expect(output).not.toMatch(/\n +at /);
  expect(code).toBe(1);
});

test("a bound file replaces the replicas when a byte of it changes, and not when its times do", async () => {
  mkdirSync(here("bound/pictures"), { recursive: true });
  writeFileSync(here("bound/pictures/large.bin"), Buffer.alloc(8 * 1024 ** 2)); // more than a pipe holds
  writeFileSync(here("bound/notes.conf"), "one");
  const binds = (guide.config("Files of the engine's host")["binds"] as { source: string; target: string }[]).map((bind) => ({
    ...bind,
    source: bind.source.replace("<folder>", here("bound")),
  }));
  const config = { volumes, ...guide.config("Memory"), binds };
  await app.configure(config);
  await app.upOk();
  const read = () => inReplica('process.stdout.write(require("fs").readFileSync("/etc/notes.conf", "utf8"))');
  expect(await read()).toBe("one");
  const before = await app.output<string[]>("replicas");
  utimesSync(here("bound/notes.conf"), new Date(0), new Date(0));
  writeFileSync(here("bound/pictures/new.txt"), "");
  await app.upOk("--expect-no-changes");
  writeFileSync(here("bound/notes.conf"), "two");
  await app.upOk();
  expect([await read(), (await app.output<string[]>("replicas")).filter((name) => before.includes(name))]).toEqual(["two", []]);
  await app.configure({ ...config, binds: [...binds, { source: here("bound/nowhere"), target: "/nowhere" }] });
  expect((await app.pulumi("preview", "--stack", app.stack)).output).toContain(
    `berth:binds[2].source is ${here("bound/nowhere")}, which does not exist on the engine's host: make it, or remove the entry (nothing was changed)`,
  );
  const server = createServer().listen(here("bound/socket"));
  await app.configure({ ...config, binds: [...binds, { source: here("bound/socket"), target: "/socket" }] });
  const refused = await app.up(); // an update that ended with 0 here would have deleted all there is
  server.close();
  expect(refused.output).toContain(`berth:binds[2].source is ${here("bound/socket")}, a socket, and another one each time`);
  expect(refused.code).not.toBe(0);
  await app.configure(config);
  await app.upOk("--expect-no-changes");
});

test("a folder in memory has its size, is writable and runs no program", async () => {
  const mount = await inReplica(
    'process.stdout.write(require("fs").readFileSync("/proc/mounts", "utf8").split("\\n").find((line) => line.includes(" /cache ")))',
  );
  expect(mount).toMatch(/^tmpfs \/cache tmpfs rw,nosuid,nodev,noexec,.*size=32768k/);
  await inReplica('require("fs").writeFileSync("/cache/x", "")');
  await app.upOk("--expect-no-changes", "--refresh");
});

test("a volume that nothing mounts can be read and written, and nothing is left over", async () => {
  const before = await census(app.stack);
  await app.configure({ volumes: [], env: { DATA_DIR: "/tmp" } });
  await app.upOk();
  expect((await cp("volume/data:/notes.db", "kept.db")).code).toBe(0);
  expect((await cp("kept.db", "volume/data:/again.db")).code).toBe(0);
  expect(
    (await app.exec("sh", ["-c", `npm run -s cp -- --stack ${app.stack} volume/data:/again.db - | tar tv --numeric-owner`])).output,
  ).toContain(" 1000/1000 ");
  expect((await census(app.stack)).containers).toHaveLength(before.containers.length);
});
