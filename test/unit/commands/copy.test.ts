import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { pack } from "tar-stream";
import { findAt, inWords, kindAt, openInside } from "../../../commands/copy/inside.ts";
import { transfer } from "../../../commands/copy/transfer.ts";
import { findVolumes } from "../../../commands/copy/volumes.ts";
import { EngineError } from "../../../docker/engineError.ts";
import { archiveOf, MODE, unpackInto } from "../../../engine/files.ts";
import { OWNER } from "../../support/configuration.ts";
import type { Answer } from "../../support/fakeEngine.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { entriesOf } from "../../support/tar.ts";
import { inspected, listed, useEngine } from "../../support/useEngine.ts";

const signal = new AbortController().signal;
const stat = (path: string, mode: number, linkTarget = ""): Answer => ({
  to: `stat web-1 ${path}`,
  json: { name: path, size: 0, mode, linkTarget },
});
const archive = async (...names: string[]): Promise<Buffer> => {
  const writer = pack();
  for (const name of names) writer.entry({ name }, `content of ${name}`);
  writer.finalize();
  return buffer(writer);
};

describe("what is copied from a path", () => {
  const find = (path: string, ...answers: Answer[]) => {
    useEngine(answers);
    return findAt("web-1", path, `web-1:${path}`);
  };
  const LINK = stat("/data/l", MODE.link + 0o777, "/srv/d");

  test("is what is there", async () => {
    expect(await find("/data/d", stat("/data/d", MODE.folder + 0o755))).toEqual({ path: "/data/d", name: "d", kind: "folder" });
    expect(await find("/data/d/.", stat("/data/d", MODE.folder + 0o755))).toEqual({ path: "/data/d", name: "d", kind: "folder" });
    expect(await find("/data/a", stat("/data/a", 0o644))).toEqual({ path: "/data/a", name: "a", kind: "file" });
  });

  test("is of a link the link, whether it leads anywhere or not", async () => {
    expect(await find("/data/l", LINK)).toEqual({ path: "/data/l", name: "l", kind: "file" });
  });

  test.each(["/data/l/", "/data/l/."])("is what a link leads to where %s says so, under the link's name", async (path) => {
    expect(await find(path, LINK, stat("/srv/d", MODE.folder + 0o755))).toEqual({ path: "/srv/d", name: "l", kind: "folder" });
  });

  test("is nothing where there is nothing, and a socket is nothing to copy", async () => {
    const NONE: Answer[] = [
      { to: "stat web-1 /data/x", status: 404 },
      { to: "inspect web-1", json: inspected("web-1") },
    ];
    await expect(find("/data/x", ...NONE)).rejects.toThrow(
      "there is nothing at web-1:/data/x (a folder in memory, such as /tmp, cannot be reached)",
    );
    await expect(find("/data/s", stat("/data/s", MODE.socket + 0o755))).rejects.toThrow(
      "web-1:/data/s is a socket: there is nothing in it to copy",
    );
    await expect(find("/data/x", { to: "stat web-1", status: 500 }, ...NONE)).rejects.toThrow(/refused \/data\/x in container web-1/);
  });

  test("lands in what a link leads to", async () => {
    useEngine([
      LINK,
      stat("/srv/d", MODE.folder + 0o755),
      stat("/data/f", MODE.link, "/data/gone"),
      { to: "stat web-1 /data/gone", status: 404 },
      { to: "inspect web-1", json: inspected("web-1") },
    ]);
    expect(await kindAt("web-1", "/data/l/")).toBe("folder");
    expect(await kindAt("web-1", "/data/f")).toBeUndefined();
  });
});

describe("a volume", () => {
  const mounted = (RW: boolean) => ({
    ...inspected("web-1"),
    Mounts: [{ Type: "volume", Name: "data-1", Source: "", Destination: "/data", RW }],
  });
  const USERS: Answer = { to: "containers all label=berth.project=berth label=berth.stack=dev volume=data-1", json: [listed("web-1")] };

  test("is reached by way of a container that may write it", async () => {
    useEngine([USERS, { to: "inspect id-web-1", json: mounted(true) }]);
    const inside = await openInside({ volume: "data-1" }, OWNER);
    expect([inside.container, inside.at("/a/b"), inside.writable]).toEqual(["id-web-1", "/data/a/b", ["/"]]);
  });

  test("is reached by way of one that is never started, else, and that is removed", async () => {
    const engine = useEngine([
      USERS,
      { to: "inspect id-web-1", json: mounted(false) },
      { to: "volume data-1", json: { Name: "data-1" } },
      { to: "create -" },
      { to: "remove made" },
    ]);
    const inside = await openInside({ volume: "data-1" }, OWNER);
    await inside.close();
    expect(engine.sent("create -")).toMatchObject([
      {
        Labels: { "berth.part": "helper" },
        HostConfig: { NetworkMode: "none", ReadonlyRootfs: true, Mounts: [{ Type: "volume", Source: "data-1", Target: "/volume" }] },
      },
    ]);
    expect(engine.calls().at(-1)).toBe("remove made");
  });

  test("that is not on the engine is not made for the copy", async () => {
    const engine = useEngine([{ to: "containers " }, { to: "volume data-1", status: 404 }]);
    await expect(openInside({ volume: "data-1" }, OWNER)).rejects.toThrow(`volume data-1 is not on the Docker engine at ${engine.host}`);
    expect(engine.calls().filter((call) => call.startsWith("create"))).toEqual([]);
  });

  test("is known by the configuration's name, of two the one that is mounted", async () => {
    const volumes = ["data-1", "data-2", "old-1"].map((Name) => ({ Name, Labels: { "berth.volume": Name.replace(/-.*/, "") } }));
    useEngine([{ to: "volumes ", json: { Volumes: volumes } }]);
    const outputs = {
      volumes: [{ name: "data-2", target: "/data" }],
      release: "r1",
      releases: [{ name: "r1", settings: { volumes: [{ name: "data", target: "/data" }] } }],
    };
    expect(await findVolumes(OWNER, outputs as never)).toEqual([
      { name: "data", engine: "data-2" },
      { name: "old", engine: "old-1" },
    ]);
  });
});

describe("an archive", () => {
  beforeEach(() => void jest.spyOn(process.stderr, "write").mockImplementation(() => true));
  afterEach(() => jest.restoreAllMocks());

  test("goes from the engine to a stream, counted and under another name", async () => {
    const bytes = await archive("a.txt");
    useEngine([{ to: "read web-1 /data/a.txt", bytes }]);
    const into = new PassThrough();
    const got = buffer(into);
    expect(
      await transfer({
        from: { stream: await archiveOf("web-1", "/data/a.txt") },
        to: { stream: into },
        changes: { name: "b.txt" },
        signal,
      }),
    ).toBe(bytes.length);
    expect(await entriesOf(await got)).toMatchObject([{ name: "b.txt", content: "content of a.txt" }]);
  });

  test("goes from a program of this machine to the engine, and from the engine to one", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "x"), "here");
    const engine = useEngine([{ to: "write web-1 /data" }, { to: "read web-1 /data/a", bytes: await archive("a") }]);
    await transfer({
      from: { words: ["tar", "--create", "--file", "-", "--directory", folder, "x"] },
      to: { take: (all) => unpackInto("web-1", "/data", all) },
      changes: { owner: { uid: 7, gid: 8 } },
      signal,
    });
    expect(await entriesOf(engine.sent("write web-1 /data")[0] as Buffer)).toMatchObject([{ name: "x", uid: 7, gid: 8, content: "here" }]);
    mkdirSync(join(folder, "into"));
    await transfer({
      from: { stream: await archiveOf("web-1", "/data/a") },
      to: { words: ["tar", "--extract", "--no-same-owner", "--file", "-", "--directory", join(folder, "into")] },
      signal,
    });
    expect(readFileSync(join(folder, "into/a"), "utf8")).toBe("content of a");
  });

  const toEngine = (from: Parameters<typeof transfer>[0]["from"]) =>
    inWords("web-1:/data", { writable: ["/data"] }, () =>
      transfer({ from, to: { take: (all) => unpackInto("web-1", "/data", all) }, signal }),
    );

  test("that the engine refuses is refused in a person's words, whatever is left of it", async () => {
    useEngine([{ to: "write web-1", status: 500, message: "container rootfs is marked read-only" }]);
    await expect(toEngine({ stream: Readable.from([await archive("a"), Buffer.alloc(10 * 1024 ** 2)]) })).rejects.toThrow(
      "web-1:/data cannot be written: only what is below /data can",
    );
  });

  test("that the engine refuses half-way is told by that, and not by the program that cannot write any more", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "x"), Buffer.alloc(40 * 1024 ** 2));
    const take = async (all: Readable): Promise<void> => {
      await once(all, "readable");
      throw new EngineError("the engine refused to write to /data: no space left on device", "refused", 500, "no space left on device");
    };
    for (const changes of [{}, { name: "y" }]) {
      const from = { words: ["tar", "--create", "--file", "-", "--directory", folder, "x"] };
      await expect(inWords("web-1:/data", { writable: [] }, () => transfer({ from, to: { take }, changes, signal }))).rejects.toThrow(
        /^the engine refused to write to \/data: no space left on device$/,
      );
    }
  });

  test("whose source fails is told by what the source says", async () => {
    useEngine([{ to: "write web-1" }]);
    await expect(toEngine({ words: ["tar", "--create", "--file", "-", "/nowhere/at-all"] })).rejects.toThrow(
      /^tar: .*at-all: Cannot stat: No such file or directory/m,
    );
    const cut = Readable.from(
      (async function* () {
        yield (await archive("a")).subarray(0, 600);
        throw new Error("the line was cut");
      })(),
    );
    await expect(toEngine({ stream: cut })).rejects.toThrow("the archive cannot be read: the line was cut");
  });

  test("that ends too early on its way from the engine is no copy", async () => {
    useEngine([{ to: "read web-1", breaks: true }]);
    const into = new PassThrough();
    void text(into).catch(() => undefined);
    await expect(transfer({ from: { stream: await archiveOf("web-1", "/data/a") }, to: { stream: into }, signal })).rejects.toThrow(
      / broke \(ECONNRESET\): asked for \/data\/a in container web-1$/,
    );
  });

  test("is cut off where a person says so", async () => {
    useEngine([{ to: "write web-1" }]);
    const ended = new AbortController();
    const endless = new PassThrough();
    endless.write(await archive("a"));
    const copy = transfer({
      from: { stream: endless },
      to: { take: (all) => unpackInto("web-1", "/data", all, { signal: ended.signal }) },
      signal: ended.signal,
    });
    setTimeout(() => ended.abort(), 50);
    await expect(copy).rejects.toMatchObject({ message: "the copy was cut off", exitCode: 130 });
  });
});
