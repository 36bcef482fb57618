import { pack } from "tar-stream";
import { buffer } from "node:stream/consumers";
import { chooseEngine } from "../../engine/engine.ts";
import { MODE } from "../../engine/files.ts";
import { lookAtBinds } from "../../preflight/binds.ts";
import { carried, OWNER, releaseOf } from "../support/configuration.ts";
import { type Answer, fakeEngine } from "../support/fakeEngine.ts";

const release = (...sources: string[]) =>
  releaseOf({ settings: carried({ binds: sources.map((source) => ({ source, target: "/x", readOnly: true })) }) });
const IMAGE: Answer = { to: "images", json: [{ Id: "sha256:1" }] };
const NONE_LEFT: Answer = { to: "containers all label=berth.project=berth label=berth.stack=dev label=berth.look=bind status=created" };
const GONE: Answer = { to: "remove" };
const MADE: Answer = { to: "create -", json: { Id: "look" } };
const stat = (mode: number): Answer => ({ to: "stat look /berth-bind", json: { name: "berth-bind", size: 3, mode, linkTarget: "" } });

function look(answers: readonly Answer[], ...releases: Parameters<typeof lookAtBinds>[1]) {
  const engine = fakeEngine(answers);
  chooseEngine({ host: engine.host, from: "the test" });
  return { engine, binds: lookAtBinds(OWNER, releases) };
}

/** An archive with one file. */
async function archive(text: string, { mtime = new Date(0), uid = 0 } = {}): Promise<Answer> {
  const tar = pack();
  tar.entry({ name: "berth-bind", mtime, uid }, text);
  tar.finalize();
  return { to: "read look /berth-bind", bytes: await buffer(tar) };
}

const hashOf = async (file: Answer) =>
  (await look([IMAGE, NONE_LEFT, MADE, stat(0o644), file, GONE], release("/srv/a")).binds).hashes["/srv/a"];

test("a file is known by its bytes, and neither by its times nor by its owner", async () => {
  const first = await hashOf(await archive("one"));
  expect(first).toMatch(/^[0-9a-f]{12}$/);
  expect(await hashOf(await archive("one", { mtime: new Date(), uid: 7 }))).toBe(first);
  expect(await hashOf(await archive("two"))).not.toBe(first);
});

test("a folder is not read", async () => {
  const { engine, binds } = look([IMAGE, NONE_LEFT, MADE, stat(MODE.folder + 0o755), GONE], release("/srv"));
  expect(await binds).toEqual({ problems: [], hashes: {} });
  expect(engine.calls().filter((words) => words.startsWith("read"))).toEqual([]);
});

test("a socket has an error of its own, and what was made to look at it is gone", async () => {
  const { engine, binds } = look([IMAGE, NONE_LEFT, MADE, stat(MODE.socket + 0o660), GONE], release("/run/db.sock"));
  expect((await binds).problems).toEqual([
    "berth:binds[0].source is /run/db.sock, a socket, and another one each time its program starts, of which a container learns nothing: bind the folder that it is in",
  ]);
  expect(engine.calls().at(-1)).toBe("remove look");
});

test.each<[string, Answer]>([
  ["the engine cannot say what it is", { to: "stat look", status: 500, message: "archive/tar: sockets not supported" }],
  ["its bytes break off", { to: "read look", breaks: true }],
  ["its bytes cannot be had", { to: "read look", status: 500, message: "cannot be read" }],
])("where %s, nothing is taken for known", async (_, broken) => {
  const { engine, binds } = look([IMAGE, NONE_LEFT, MADE, broken, stat(0o644), GONE], release("/srv/a"));
  await expect(binds).rejects.toThrow();
  expect(engine.calls().at(-1)).toBe("remove look");
});

test("a source that is not there, or cannot be used, is told of by its place in the configuration", async () => {
  const missing: Answer = { to: "create -", status: 400, message: "invalid mount config: bind source path does not exist: /srv/nowhere" };
  expect((await look([IMAGE, NONE_LEFT, missing], release("/srv/nowhere")).binds).problems).toEqual([
    "berth:binds[0].source is /srv/nowhere, which does not exist on the engine's host: make it, or remove the entry",
  ]);
  const { engine, binds } = look([IMAGE, NONE_LEFT, { to: "create -", status: 500, message: "permission denied" }], release("/srv/a,b"));
  expect((await binds).problems).toEqual(["berth:binds[0].source is /srv/a,b, which cannot be used: permission denied"]);
  expect(engine.sent("create")[0]).toMatchObject({
    Image: "sha256:1",
    Labels: { "berth.project": "berth", "berth.stack": "dev", "berth.part": "helper" },
    HostConfig: { NetworkMode: "none", Mounts: [{ Type: "bind", Source: "/srv/a,b", Target: "/berth-bind", ReadOnly: true }] },
  });
});

test("what a preview that was killed has left is removed, and what another one looks at just now is not", async () => {
  const left = [
    { Id: "old", Created: 1000 },
    { Id: "new", Created: Date.now() / 1000 },
  ];
  const { engine, binds } = look([IMAGE, { ...NONE_LEFT, json: left }, MADE, stat(MODE.folder), GONE], release("/srv"));
  await binds;
  expect(engine.calls().filter((words) => words.startsWith("remove"))).toEqual(["remove old", "remove look"]);
});

test("without binds, and on an engine without an image, nothing is made", async () => {
  for (const [releases, images] of [
    [release(), IMAGE],
    [release("/srv/files"), { to: "images" }],
  ] as const) {
    const { engine, binds } = look([images], releases);
    expect(await binds).toEqual({ problems: [], hashes: {} });
    expect(engine.calls().filter((words) => words.startsWith("create"))).toEqual([]);
  }
});
