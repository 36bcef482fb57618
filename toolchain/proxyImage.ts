import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { pack, type Header, type Pack } from "tar-stream";
import { cacheKey } from "./cache.ts";
import { buildProgram, goObstacle, programKey, type GoProgram } from "./golang.ts";
import type { ProvidedImage } from "./image.ts";
import { packImage } from "./imageArchive.ts";
import type { Machine } from "./machine.ts";
import { IMAGES } from "./versions.ts";
import { trustedCertificates } from "./certificates.ts";

const PROXY: GoProgram = {
  name: "kamal-proxy",
  package: "github.com/basecamp/kamal-proxy/cmd/kamal-proxy",
  typicalSeconds: 30,
};
/** The user of the official image, who is the first one that its Ubuntu adds. */
const USER = { uid: 1001, gid: 1001 };
const HOME = "/home/kamal-proxy";
/** The time on the image and its files: any fixed one keeps the image id the same. It is when v0.9.2 was released. */
const CREATED = new Date("2025-12-19T11:10:36Z");

/**
 * The image of kamal-proxy. Built from packages it holds what the official one needs to run: the static program, the
 * certificates of the authorities this machine trusts, and folders that its user may write; no shell.
 */
export function proxyImage(machine: Machine): ProvidedImage {
  return {
    name: "proxy image",
    tag: IMAGES.proxy,
    from: "built from Go modules",
    typicalSeconds: PROXY.typicalSeconds + 5,
    obstacle: () => goObstacle(machine.cache),
    key: async () => cacheKey("1", await programKey(machine.root, PROXY)),
    build: async (folder, labels, report) => {
      const program = join(await buildProgram(machine.root, machine.cache, PROXY, report), PROXY.name);
      report("packing the image");
      await writeLayer(join(folder, "layer.tar"), program);
      const config = {
        Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", `HOME=${HOME}`],
        Cmd: ["kamal-proxy", "run"],
        User: `${USER.uid}:${USER.gid}`,
        ExposedPorts: { "80/tcp": {}, "443/tcp": {} },
        Labels: labels,
      };
      await packImage(folder, IMAGES.proxy, config, CREATED.toISOString());
    },
  };
}

async function writeLayer(file: string, program: string): Promise<void> {
  const layer = pack();
  const written = pipeline(layer, createWriteStream(file));
  for (const name of ["etc", "etc/ssl", "etc/ssl/certs", "home", "usr", "usr/local", "usr/local/bin"]) folder(layer, name);
  folder(layer, "tmp", { mode: 0o1777 });
  for (const name of ["", "/.config", "/.config/kamal-proxy"]) folder(layer, `${HOME.slice(1)}${name}`, USER);
  const certificates = trustedCertificates();
  if (certificates !== undefined) await copy(layer, "etc/ssl/certs/ca-certificates.crt", certificates, 0o644);
  await copy(layer, "usr/local/bin/kamal-proxy", program, 0o755);
  layer.finalize();
  await written;
}

function folder(layer: Pack, name: string, headers: Partial<Header> = {}): void {
  layer.entry({ type: "directory", mode: 0o755, uid: 0, gid: 0, mtime: CREATED, ...headers, name: `${name}/` });
}

async function copy(layer: Pack, name: string, from: string, mode: number): Promise<void> {
  const { size } = await stat(from);
  await pipeline(createReadStream(from), layer.entry({ name, size, mode, uid: 0, gid: 0, mtime: CREATED }));
}
