import { join } from "node:path";
import { cacheKey } from "./cache.ts";
import { buildProgram, goObstacle, programKey, type GoProgram } from "./golang.ts";
import type { ProvidedImage } from "./image.ts";
import { packImage } from "./imageArchive.ts";
import { type LayerEntry, writeLayer } from "./layer.ts";
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
      await writeLayer(join(folder, "layer.tar"), entries(program), CREATED);
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

function entries(program: string): LayerEntry[] {
  const certificates = trustedCertificates();
  return [
    ...["etc", "etc/ssl", "etc/ssl/certs", "home", "usr", "usr/local", "usr/local/bin"].map((folder) => ({ folder })),
    { folder: "tmp", mode: 0o1777 },
    ...["", "/.config", "/.config/kamal-proxy"].map((path) => ({ folder: `${HOME.slice(1)}${path}`, ...USER })),
    ...(certificates === undefined ? [] : [{ file: "etc/ssl/certs/ca-certificates.crt", from: certificates, mode: 0o644 }]),
    { file: "usr/local/bin/kamal-proxy", from: program, mode: 0o755 },
  ];
}
