import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { imageNeed, type ProvidedImage } from "../../../toolchain/image.ts";
import { packImage } from "../../../toolchain/imageArchive.ts";
import { thisMachine } from "../../../toolchain/machine.ts";

let folder: string;
let server: Server | undefined;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "berth-image-"))));
afterEach(() => {
  server?.close();
  rmSync(folder, { recursive: true });
});

const image: ProvidedImage = {
  name: "base image",
  tag: "node:24",
  from: "built from packages",
  typicalSeconds: 1,
  obstacle: async () => undefined,
  key: async () => "key of this checkout",
  build: async () => {},
};

/** The need, in an engine whose image has these labels; none where there is no such image. */
async function needIn(labels: Record<string, string> | undefined) {
  const socket = join(folder, "docker.sock");
  const engine = createServer((_, response) =>
    labels === undefined
      ? response.writeHead(404).end()
      : response.end(JSON.stringify({ Id: "sha256:0123456789abcdef0123", Config: { Labels: labels } })),
  );
  server = engine;
  await new Promise<void>((resolve) => engine.listen(socket, resolve));
  return imageNeed(thisMachine(folder, { BERTH_CACHE: folder }), image, `unix://${socket}`);
}

test.each([
  ["the user's own", {}, "already in the engine"],
  ["built here from the same", { "berth.built": "from-packages", "berth.key": "key of this checkout" }, "built from packages"],
])("an image that is %s is used", async (_, labels, from) => {
  expect(await (await needIn(labels)).look()).toEqual({ version: "24", place: "sha256:0123456789ab", from });
});

test.each([
  ["missing", undefined],
  ["built here from something else", { "berth.built": "from-packages", "berth.key": "another key" }],
])("an image that is %s is provided", async (_, labels) => {
  expect(await (await needIn(labels)).look()).toBeUndefined();
});

test("the archive of an image tells its engine what is in it, and leaves nothing else behind", async () => {
  writeFileSync(join(folder, "layer.tar"), "layer");
  const config = { Env: ["A=1"], Cmd: ["run"], Labels: { "berth.built": "from-packages" } };
  await packImage(folder, "some/image:1", config, "2026-01-01T00:00:00Z");
  const read = (file: string) => execFileSync("tar", ["-xOf", join(folder, "image.tar"), file], { encoding: "utf8" });
  const digest = createHash("sha256").update("layer").digest("hex");
  expect(JSON.parse(read("manifest.json"))).toEqual([{ Config: "config.json", RepoTags: ["some/image:1"], Layers: [`${digest}.tar`] }]);
  expect(JSON.parse(read("config.json"))).toMatchObject({ os: "linux", config, rootfs: { diff_ids: [`sha256:${digest}`] } });
  expect(read(`${digest}.tar`)).toBe("layer");
  expect(execFileSync("ls", [folder], { encoding: "utf8" })).toBe("image.tar\n");
});
