import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { aptObstacle, aptUnpack } from "./apt.ts";
import { cacheKey } from "./cache.ts";
import { trustedCertificates } from "./certificates.ts";
import { buildProgram, goObstacle, programKey, type GoProgram } from "./golang.ts";
import type { ProvidedImage } from "./image.ts";
import { packImage } from "./imageArchive.ts";
import { entriesBelow, type LayerEntry, writeLayer } from "./layer.ts";
import type { Machine } from "./machine.ts";
import { IMAGES } from "./versions.ts";

const RESTIC: GoProgram = {
  name: "restic",
  package: "github.com/restic/restic/cmd/restic",
  typicalSeconds: 120,
};
/** What the official image has from Alpine's busybox, as far as Berth uses it. */
const APPLETS = ["base64", "df", "pidof", "sh", "sleep"];
/** Debian's busybox, and the SSH client with the libraries that it loads: restic reaches SFTP by it. */
const PACKAGES = [
  "busybox-static",
  "openssh-client",
  "libc6",
  "libcom-err2",
  "libgssapi-krb5-2",
  "libk5crypto3",
  "libkeyutils1",
  "libkrb5-3",
  "libkrb5support0",
  "libpcre2-8-0",
  "libselinux1",
  "libssl3",
  "zlib1g",
];
/** Of these packages: programs, loader and libraries. */
const WANTED = /^(bin\/busybox|usr\/bin\/ssh|lib64\/.*|(usr\/)?lib\/[^/]+-linux-gnu\/[^/]+\.so[^/]*|lib\/ld-[^/]+)$/;
/** The time on the image and its files: any fixed one keeps the image id the same. It is when v0.18.1 was released. */
const CREATED = new Date("2025-09-21T17:00:00Z");

/**
 * The image of restic, which makes and restores backups. Built from packages it holds the static program, the
 * certificates of the authorities this machine trusts, and what Berth and restic run beside it: a few tools, and SSH.
 */
export function resticImage(machine: Machine): ProvidedImage {
  return {
    name: "restic image",
    tag: IMAGES.restic,
    from: "built from a Go module and Debian packages",
    typicalSeconds: RESTIC.typicalSeconds + 10,
    obstacle: async () => aptObstacle() ?? goObstacle(machine.cache),
    key: async () => cacheKey("2", ...APPLETS, ...PACKAGES, await programKey(machine.root, RESTIC)),
    build: async (folder, labels, report) => {
      const program = join(await buildProgram(machine.root, machine.cache, RESTIC, report), RESTIC.name);
      const debian = join(folder, "debian");
      await aptUnpack(PACKAGES, debian, report);
      await writeFile(join(folder, "passwd"), "root:x:0:0:root:/root:/bin/sh\n"); // SSH asks who it is
      report("packing the image");
      await writeLayer(join(folder, "layer.tar"), await entries(folder, program, debian), CREATED);
      await rm(debian, { recursive: true });
      await rm(join(folder, "passwd"));
      const config = {
        Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        Entrypoint: ["/usr/bin/restic"],
        Cmd: [],
        Labels: labels,
      };
      await packImage(folder, IMAGES.restic, config, CREATED.toISOString());
    },
  };
}

async function entries(folder: string, program: string, debian: string): Promise<LayerEntry[]> {
  const certificates = trustedCertificates();
  return [
    ...(await entriesBelow(debian, WANTED)),
    ...["etc", "etc/ssl", "etc/ssl/certs"].map((path) => ({ folder: path })),
    { folder: "tmp", mode: 0o1777 },
    { file: "etc/passwd", from: join(folder, "passwd"), mode: 0o644 },
    ...(certificates === undefined ? [] : [{ file: "etc/ssl/certs/ca-certificates.crt", from: certificates, mode: 0o644 }]),
    ...APPLETS.map((applet) => ({ link: `bin/${applet}`, to: "busybox" })),
    { file: "usr/bin/restic", from: program, mode: 0o755 },
  ];
}
