/** When the seed step writes into a volume, when it does not, and that a seed is whole or it is none. */
import { pack } from "tar-stream";
import { buffer } from "node:stream/consumers";
import { type Answer, type FakeEngine, fakeEngine } from "../../support/fakeEngine.ts";
import { OWNER } from "../../support/configuration.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { runStep } from "../../support/step.ts";
import { container, noContainer } from "../../support/stepInputs.ts";
import { entriesOf } from "../../support/tar.ts";

const RECORD = "berth-dev-seed-data-1";
const INPUT = { owner: OWNER, volume: "data-1", target: "/data", seed: { image: "/seed" }, image: "sha256:1111", user: null };
/** tar is on the machine's own PATH. */
const LOCAL = { env: { PATH: process.env["PATH"] } };
const seed = (engine: FakeEngine, more: object = {}) => runStep("seed", { ...INPUT, ...more }, engine, LOCAL);

async function archive(...names: string[]): Promise<Buffer> {
  const writer = pack();
  for (const name of names) {
    if (name.endsWith("/")) writer.entry({ name, type: "directory", uid: 7, gid: 8 });
    else writer.entry({ name, uid: 1, gid: 1 }, "text");
  }
  writer.finalize();
  return buffer(writer);
}
const FOLDER = "/berth-volume";
const has = async (...names: string[]): Promise<Answer> => ({
  to: `read ${RECORD}-look ${FOLDER}`,
  bytes: await archive("berth-volume/", ...names),
});
/** What the image has at /seed, and at /data. */
const inImage = async (): Promise<Answer[]> => [
  { to: `stat ${RECORD}-source`, json: { name: "x", size: 0, mode: 0, linkTarget: "" } },
  { to: `read ${RECORD}-source /seed`, bytes: await archive("seed/", "seed/hello.txt") },
  { to: `read ${RECORD}-source /data`, bytes: await archive("data/") },
];
/** Containers are made and removed as they should; the first of these is the record. */
const NEW = noContainer(RECORD);
const BEGUN = container(RECORD, { status: "created" });
const HELPERS: Answer[] = [{ to: "create" }, { to: "remove" }];
const EMPTIED: Answer[] = [noContainer(`${RECORD}-empty`), { to: `start ${RECORD}-empty` }, { to: `wait ${RECORD}-empty` }];
const WRITTEN: Answer = { to: `write ${RECORD} /` };
const FULL: Answer = { ...WRITTEN, status: 500, message: "no space left on device" };
const UNUSED: Answer = { to: "containers all volume=data-1" };
const done = (engine: FakeEngine) => engine.calls().filter((call) => /^(create|remove|start|write) /.test(call));
const SOURCE = [`create ${RECORD}-source`, `remove ${RECORD}-source`];
/** Without what looks and reads. */
const writing = (engine: FakeEngine) => done(engine).filter((call) => !/-(look|source)$/.test(call));

test.concurrent("an empty volume is filled from the image, for the owner of the image's folder, and the record goes", async () => {
  const engine = fakeEngine([await has(), NEW, ...(await inImage()), ...HELPERS, WRITTEN]);
  expect(await seed(engine)).toMatchObject({ code: 0, stdout: "volume data-1 begins with /seed of the image\n", stderr: "" });
  expect(writing(engine)).toEqual([`create ${RECORD}`, `write ${RECORD} /`, `remove ${RECORD}`]);
  expect(await entriesOf(engine.sent("write")[0] as Buffer)).toMatchObject([
    { name: "berth-volume/", uid: 7, gid: 8 },
    { name: "berth-volume/hello.txt", uid: 7, gid: 8, content: "text" },
  ]);
  expect(engine.sent(`create ${RECORD}`)[1]).not.toHaveProperty("HostConfig.Mounts"); // what is only read from is no user of the volume
});

test.concurrent("an empty volume is filled from a folder of this machine", async () => {
  const engine = fakeEngine([await has(), NEW, ...(await inImage()), ...HELPERS, WRITTEN]);
  const folder = temporaryFolder({ "hello.txt": "hello" });
  expect(await seed(engine, { seed: folder })).toMatchObject({ code: 0, stdout: `volume data-1 begins with the folder ${folder}\n` });
  expect((await entriesOf(engine.sent("write")[0] as Buffer)).map(({ name, content }) => [name, content])).toEqual([
    ["berth-volume/", ""],
    ["berth-volume/hello.txt", "hello"],
  ]);
});

test.concurrent("a volume with data is left alone", async () => {
  const engine = fakeEngine([await has("berth-volume/notes.db"), NEW, ...HELPERS]);
  expect(await seed(engine)).toMatchObject({ code: 0, stdout: "volume data-1 has data already: nothing was put there\n" });
  expect(writing(engine)).toEqual([]);
});

test.concurrent.each<[string, Answer, string]>([
  [
    "is not told",
    { to: `read ${RECORD}-look`, status: 500, message: "input/output error" },
    `the Docker engine at HOST refused ${FOLDER} in container ${RECORD}-look: input/output error\n`,
  ],
  ["breaks off", { to: `read ${RECORD}-look`, breaks: true }, ""],
  [
    "is an archive of nothing",
    { to: `read ${RECORD}-look`, bytes: Buffer.alloc(1024) },
    "whether volume data-1 has data cannot be told: the engine gives nothing of it\n",
  ],
])("nothing is written where what a volume has %s", async (_, answer, words) => {
  const engine = fakeEngine([answer, NEW, ...(await inImage()), ...HELPERS, WRITTEN]);
  const { code, stderr } = await seed(engine);
  expect([code, writing(engine)]).toEqual([1, []]);
  expect(stderr).toContain(words.replace("HOST", engine.host));
  expect(done(engine).at(-1)).toBe(`remove ${RECORD}-look`);
});

test.concurrent("nothing is written where the engine does not tell whether an earlier seed was cut off", async () => {
  const engine = fakeEngine([{ to: `inspect ${RECORD}`, status: 500, message: "timed out" }]);
  expect((await seed(engine)).code).toBe(1);
  expect(done(engine)).toEqual([]);
});

test.concurrent("a path that the image does not have is told of before anything is written, and the helpers go", async () => {
  const engine = fakeEngine([
    container(`${RECORD}-source`),
    await has(),
    NEW,
    { to: `stat ${RECORD}-source /seed`, status: 404, message: "no such file" },
    ...HELPERS,
  ]);
  const { code, stderr } = await seed(engine);
  expect([code, stderr]).toEqual([1, "the image has no /seed, which a new volume at /data is to begin with\n"]);
  expect([writing(engine), done(engine).at(-1)]).toEqual([[], SOURCE[1]]);
});

describe("a seed that fails half-way", () => {
  test.concurrent("leaves an empty volume", async () => {
    const engine = fakeEngine([await has(), NEW, ...(await inImage()), ...EMPTIED, ...HELPERS, FULL]);
    const { code, stderr } = await seed(engine);
    expect([code, stderr]).toEqual([
      1,
      `the volume at /data could not be filled: the Docker engine at ${engine.host} refused to write to / in container ${RECORD}: no space left on device\n`,
    ]);
    expect(writing(engine).slice(2)).toEqual([
      `create ${RECORD}-empty`,
      `start ${RECORD}-empty`,
      `remove ${RECORD}-empty`,
      `remove ${RECORD}`,
    ]);
    expect(engine.sent(`create ${RECORD}-empty`)).toMatchObject([
      {
        Image: "node:24-bookworm-slim",
        Entrypoint: ["sh", "-ec"],
        Cmd: ["find /berth-volume -mindepth 1 -delete"],
        HostConfig: { NetworkMode: "none", Mounts: [{ Source: "data-1", Target: FOLDER }] },
      },
    ]);
  });

  test.concurrent("because a folder of this machine cannot be read whole says why, and leaves an empty volume", async () => {
    const engine = fakeEngine([await has(), NEW, ...(await inImage()), ...EMPTIED, ...HELPERS, WRITTEN]);
    const { code, stderr } = await seed(engine, { seed: "/nowhere" });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^the volume at \/data could not be filled: tar of \/nowhere ended with exit code 2: tar: \/nowhere: Cannot open: No such file or directory\n/,
    );
    expect(writing(engine).at(-1)).toBe(`remove ${RECORD}`);
  });

  test.concurrent("because the engine's copy breaks off leaves an empty volume", async () => {
    const [stat, , root] = await inImage();
    const broken: Answer = { to: `read ${RECORD}-source /seed`, breaks: true };
    const whole = (await inImage())[1] as Answer;
    const engine = fakeEngine([
      await has(),
      NEW,
      stat as Answer,
      { ...whole, times: 1 },
      broken,
      root as Answer,
      ...EMPTIED,
      ...HELPERS,
      WRITTEN,
    ]);
    expect((await seed(engine)).code).toBe(1);
    expect(writing(engine).at(-1)).toBe(`remove ${RECORD}`);
  });

  test.concurrent("and cannot be undone keeps its record, by which the next update knows that this is no data", async () => {
    const engine = fakeEngine([
      await has(),
      NEW,
      ...(await inImage()),
      noContainer(`${RECORD}-empty`),
      { to: "start", status: 500, message: "no such image" },
      ...HELPERS,
      FULL,
    ]);
    const { stderr } = await seed(engine);
    expect(stderr).toMatch(
      /^the volume at \/data could not be filled: .*: no space left on device\n {2}What was put into it could not be removed, and will be by the next update: .*: no such image\n$/,
    );
    expect(writing(engine)).not.toContain(`remove ${RECORD}`);
  });
});

describe("a seed that was cut off", () => {
  test.concurrent("begins again in an emptied volume, without asking whether it is empty", async () => {
    const engine = fakeEngine([...EMPTIED, BEGUN, UNUSED, ...(await inImage()), ...HELPERS, WRITTEN]);
    expect((await seed(engine)).code).toBe(0);
    expect(writing(engine)).toEqual([
      `create ${RECORD}-empty`,
      `start ${RECORD}-empty`,
      `remove ${RECORD}-empty`,
      `write ${RECORD} /`,
      `remove ${RECORD}`,
    ]);
  });

  test.concurrent("does not mistake its own helpers for users of the volume", async () => {
    const own = ["", "-look", "-empty"].map((end) => ({ Names: [`/${RECORD}${end}`], Labels: {} }));
    const engine = fakeEngine([...EMPTIED, BEGUN, { ...UNUSED, json: own }, ...(await inImage()), ...HELPERS, WRITTEN]);
    expect((await seed(engine)).code).toBe(0);
  });

  test.concurrent("is not touched where somebody has the volume since, and says what to do", async () => {
    const engine = fakeEngine([BEGUN, { ...UNUSED, json: [{ Names: [`/${RECORD}`] }, { Names: ["/web-1"] }] }]);
    expect(await seed(engine)).toMatchObject({
      code: 1,
      stderr: `volume data-1 was not filled to its end by its seed, and web-1 has it now: whether data are in it cannot be told.\n  Where they are good, docker rm ${RECORD}. Where they are not, remove what has the volume. Then run the update again.\n`,
    });
    expect(done(engine)).toEqual([]);
  });
});
