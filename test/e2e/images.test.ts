/** Images of other kinds than the example's deploy with no change but configuration. */
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { freePort } from "../support/freePort.ts";
import { Checkout } from "./support/checkout.ts";
import { census, docker } from "./support/engine.ts";
import { startLoad } from "./support/load.ts";
import { LONG, longTest } from "./support/long.ts";
import { whyNoStaticApp, writeStaticApp } from "./support/staticApp.ts";

const TINY = `FROM node:24-bookworm-slim\nENTRYPOINT ["node", "-e", "require('http').createServer((q, r) => r.end('ok')).listen(process.env.PORT)"]\n`;

let app: Checkout;
beforeAll(async () => {
  app = await Checkout.make();
});
afterAll(() => app?.remove());

const why = whyNoStaticApp();
(why ? describe.skip : describe)(`an image FROM scratch with one static binary${why ? ` (${why})` : ""}`, () => {
  beforeAll(() => writeStaticApp(app, "static"));

  test("goes live, and a release that listens 8 s late drops nothing", async () => {
    await app.configure({ build: { context: "static" }, env: { GREETING: "one" } });
    await app.upOk();
    expect(await (await fetch(app.url)).text()).toBe("static one");

    const load = await startLoad({ url: app.url, kinds: ["root"] });
    await app.configure({ build: { context: "static" }, env: { GREETING: "two", LATE: "8s" } });
    const { output } = await app.upOk();
    const report = await load.stop();
    expect(output).toMatch(/berth-\S+-gate-probe updated \(([6-9]|1\d)s/);
    expect(await (await fetch(app.url)).text()).toBe("static two");
    expect(report.failed).toBe(0);
  });
});

describe("a build from a Git repository", () => {
  let server: ChildProcess;
  let remote: string;
  const git = (...words: string[]) =>
    app.exec("git", ["-C", join(app.folder, "remote/app.git"), "-c", "user.name=t", "-c", "user.email=t@example.com", ...words]);
  const dockerfile = (extra: string) =>
    `FROM node:24-bookworm-slim AS base\nARG WORD=none\nRUN echo "$WORD ${extra}" > /word\nFROM base AS wanted\n` +
    `ENTRYPOINT ["node", "-e", "require('http').createServer((q, r) => r.end(require('fs').readFileSync('/word'))).listen(process.env.PORT)"]\nFROM base AS unwanted\n`;

  beforeAll(async () => {
    const port = await freePort();
    await app.write("remote/app.git/service/Dockerfile", dockerfile("first"));
    await git("init", "--quiet", "--initial-branch=main");
    await git("add", "-A");
    await git("commit", "--quiet", "-m", "first");
    server = spawn(
      "git",
      ["daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1", `--port=${port}`, `--base-path=${join(app.folder, "remote")}`],
      { stdio: "ignore" },
    );
    remote = `git://127.0.0.1:${port}/app.git#main:service`;
  });
  afterAll(() => server?.kill());

  test("builds the wanted stage with its arguments, and a new commit is a new release", async () => {
    const build = {
      remoteContext: remote,
      target: "wanted",
      args: { WORD: "argument" },
      platform: `linux/${process.arch === "arm64" ? "arm64" : "amd64"}`,
    };
    await app.configure({ build });
    await app.upOk();
    expect(await (await fetch(app.url)).text()).toBe("argument first\n");
    await app.upOk("--expect-no-changes");

    await app.write("remote/app.git/service/Dockerfile", dockerfile("second"));
    await git("commit", "--quiet", "-am", "second");
    await app.upOk();
    expect(await (await fetch(app.url)).text()).toBe("argument second\n");
  });
});

longTest("a volume that is taken out of the configuration stays with its data, and comes back with it", async () => {
  await app.write("tiny/Dockerfile", TINY);
  const withVolume = { build: { context: "tiny" }, volumes: [{ name: "data", target: "/data" }] };
  await app.configure(withVolume);
  await app.upOk();
  const [volume] = await app.output<{ name: string }[]>("volumes");
  await app.configure({ build: { context: "tiny" } });
  await app.upOk();
  expect(await app.output<unknown[]>("volumes")).toEqual([]);
  expect((await census(app.stack)).volumes).toContain(volume?.name);
  await app.configure(withVolume);
  await app.upOk();
  expect(await app.output<unknown[]>("volumes")).toEqual([{ name: volume?.name, target: "/data" }]);
});

test("images beyond keepReleases are removed, and only those of this stack", async () => {
  await app.write("tiny/Dockerfile", TINY);
  const foreignImage = "berth-foreign-e2e:kept";
  await docker("image", "tag", "node:24-bookworm-slim", foreignImage);
  try {
    for (const word of ["a", "b", "c", ...(LONG ? ["d"] : [])]) {
      // builds that differ by name alone: all are one image with several tags
      await app.configure({ build: { context: "tiny", args: { WORD: word } }, keepReleases: 1 });
      await app.upOk();
    }
    const releases = await app.output<{ name: string }[]>("releases");
    expect(releases).toHaveLength(2);
    expect((await census(app.stack)).images).toEqual(releases.map(({ name }) => `berth-${app.stack}:${name}`).sort());
    expect(await docker("image", "ls", "--quiet", foreignImage)).not.toBe("");
  } finally {
    await docker("image", "rm", foreignImage);
  }
});
