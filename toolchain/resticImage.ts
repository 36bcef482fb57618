import { rm } from "node:fs/promises";
import { join } from "node:path";
import { aptObstacle, aptUnpack } from "./apt.ts";
import { cacheKey } from "./cache.ts";
import { trustedCertificates } from "./certificates.ts";
import { buildProgram, goObstacle, programKey, type GoProgram } from "./golang.ts";
import type { ProvidedImage } from "./image.ts";
import { packImage } from "./imageArchive.ts";
import { type LayerEntry, writeLayer } from "./layer.ts";
import type { Machine } from "./machine.ts";
import { IMAGES } from "./versions.ts";

const RESTIC: GoProgram = {
  name: "restic",
  package: "github.com/restic/restic/cmd/restic",
  typicalSeconds: 120,
};
/** What the official image has from Alpine's busybox, as far as Berth uses it. */
const APPLETS = ["base64", "df", "pidof", "sh", "sleep"];
/** The time on the image and its files: any fixed one keeps the image id the same. It is when v0.18.1 was released. */
const CREATED = new Date("2025-09-21T17:00:00Z");

/**
 * The image of restic, which makes and restores backups. Built from packages it holds the static program, the
 * certificates of the authorities this machine trusts, and the few tools that Berth runs beside it. The official image
 * also has an SSH client, which SFTP takes.
 */
export function resticImage(machine: Machine): ProvidedImage {
  return {
    name: "restic image",
    tag: IMAGES.restic,
    from: "built from a Go module and Debian's busybox",
    typicalSeconds: RESTIC.typicalSeconds + 5,
    obstacle: async () => aptObstacle() ?? goObstacle(machine.cache),
    key: async () => cacheKey("1", ...APPLETS, await programKey(machine.root, RESTIC)),
    build: async (folder, labels, report) => {
      const program = join(await buildProgram(machine.root, machine.cache, RESTIC, report), RESTIC.name);
      const busybox = await aptUnpack("busybox-static", folder, report);
      report("packing the image");
      await writeLayer(join(folder, "layer.tar"), entries(program, join(busybox, "bin/busybox")), CREATED);
      await rm(busybox, { recursive: true });
      const config = { Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], Entrypoint: ["/usr/bin/restic"], Cmd: [], Labels: labels };
      await packImage(folder, IMAGES.restic, config, CREATED.toISOString());
    },
  };
}

function entries(program: string, busybox: string): LayerEntry[] {
  const certificates = trustedCertificates();
  return [
    ...["bin", "etc", "etc/ssl", "etc/ssl/certs", "usr", "usr/bin"].map((folder) => ({ folder })),
    { folder: "tmp", mode: 0o1777 },
    ...(certificates === undefined ? [] : [{ file: "etc/ssl/certs/ca-certificates.crt", from: certificates, mode: 0o644 }]),
    { file: "bin/busybox", from: busybox, mode: 0o755 },
    ...APPLETS.map((applet) => ({ link: `bin/${applet}`, to: "busybox" })),
    { file: "usr/bin/restic", from: program, mode: 0o755 },
  ];
}
