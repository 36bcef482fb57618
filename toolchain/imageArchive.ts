import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadArchive } from "./docker.ts";
import { run } from "./run.ts";

/** How containers of an image run: the part of an image's configuration that a Dockerfile writes. */
export interface ImageConfig {
  readonly Env: readonly string[];
  readonly Cmd: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly StopSignal?: string;
  readonly Labels: Readonly<Record<string, string>>;
}

/** The label on every image that set-up built; its value is always "from-packages". */
export const BUILT_LABEL = "berth.built";
/** The label that names what an image was built from. */
export const KEY_LABEL = "berth.key";

/** The archive's name in its folder. */
export const ARCHIVE = "image.tar";

/**
 * Packs `<folder>/layer.tar` and a configuration into `<folder>/image.tar`, an archive for `docker load`, and removes
 * the layer. The same layer and configuration give the same image id on every machine.
 */
export async function packImage(folder: string, tag: string, config: ImageConfig, created: string): Promise<void> {
  const digest = await sha256(join(folder, "layer.tar"));
  // The containerd image store knows a layer by its name while it loads: two loads at once must not share one.
  const layer = `${digest}.tar`;
  await rename(join(folder, "layer.tar"), join(folder, layer));
  const image = {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    created,
    config,
    rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] },
    history: [{ created, created_by: "berth setup" }],
  };
  await writeFile(join(folder, "config.json"), JSON.stringify(image));
  const manifest = [{ Config: "config.json", RepoTags: [tag], Layers: [layer] }];
  await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
  const files = ["manifest.json", "config.json", layer];
  await run("tar", ["-cf", join(folder, ARCHIVE), "-C", folder, ...files]);
  await Promise.all(files.map((file) => rm(join(folder, file))));
}

/** Loads an archive made by `packImage` into the engine at `host`. */
export const loadImage = (host: string, folder: string): Promise<void> => loadArchive(host, join(folder, ARCHIVE));

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(part as Buffer);
  return hash.digest("hex");
}
