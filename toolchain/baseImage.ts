import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readFile, readdir, rm, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { aptObstacle } from "./apt.ts";
import { cacheKey } from "./cache.ts";
import { trustedCertificates } from "./certificates.ts";
import { addUser, installDebian, packRootfs, stripDebian } from "./debian.ts";
import type { ProvidedImage } from "./image.ts";
import { packImage } from "./imageArchive.ts";
import type { Machine } from "./machine.ts";
import { run } from "./run.ts";
import { IMAGES, VERSIONS } from "./versions.ts";

const CERTIFICATES = "etc/ssl/certs/ca-certificates.crt";

/**
 * The base image of the example app: Debian with Node and npm. Built from packages it has the official image's layout:
 * the user `node` (1000), Node in /usr/local/bin, npm in /usr/local/lib, the same entry point, command and environment.
 */
export function baseImage(machine: Machine): ProvidedImage {
  return {
    name: "base image",
    tag: IMAGES.base,
    from: "built from Debian and npm packages",
    typicalSeconds: 75,
    obstacle: async () => aptObstacle() ?? (process.platform === "linux" ? undefined : "it takes a Linux machine"),
    key: async () => {
      const entryPoint = await readFile(entryPointFile(machine));
      const certificates = trustedCertificates();
      const trusted = certificates === undefined ? "" : await readFile(certificates);
      return cacheKey("2", process.arch, VERSIONS.debian, VERSIONS.node, VERSIONS.npm, entryPoint, trusted);
    },
    build: async (folder, labels, report) => {
      const rootfs = join(folder, "rootfs");
      await installDebian(rootfs, ["ca-certificates"], report);
      report(`adding Node ${VERSIONS.node} and npm ${VERSIONS.npm}`);
      const packages = join(folder, "packages");
      await addNode(machine, rootfs, packages);
      await rm(packages, { recursive: true });
      await addUser(rootfs, "node", 1000, "--shell", "/bin/bash", "--create-home");
      await stripDebian(rootfs);
      const certificates = trustedCertificates();
      if (certificates !== undefined) await cp(certificates, join(rootfs, CERTIFICATES), { dereference: true });
      report("packing the image");
      await packRootfs(folder);
      const config = {
        Env: [
          "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
          `NODE_VERSION=${VERSIONS.node}`,
          `NODE_EXTRA_CA_CERTS=/${CERTIFICATES}`, // Node has a list of its own, which lacks the machine's authorities
        ],
        Entrypoint: ["docker-entrypoint.sh"],
        Cmd: ["node"],
        Labels: labels,
      };
      await packImage(folder, IMAGES.base, config, new Date().toISOString());
    },
  };
}

async function addNode(machine: Machine, rootfs: string, work: string): Promise<void> {
  const local = join(rootfs, "usr/local");
  const name = `node-${process.platform}-${process.arch}`;
  const installed = join(machine.root, "node_modules", name);
  const node = existsSync(installed) ? installed : await unpackNpmPackage(name, VERSIONS.node, work);
  await cp(join(node, "bin/node"), join(local, "bin/node"));
  await chmod(join(local, "bin/node"), 0o755);
  await symlink("node", join(local, "bin/nodejs"));

  await mkdir(join(local, "lib/node_modules"), { recursive: true });
  await cp(await unpackNpmPackage("npm", VERSIONS.npm, work), join(local, "lib/node_modules/npm"), { recursive: true });
  for (const program of ["npm", "npx"]) {
    await symlink(`../lib/node_modules/npm/bin/${program}-cli.js`, join(local, "bin", program));
  }

  const entryPoint = join(local, "bin/docker-entrypoint.sh");
  await cp(entryPointFile(machine), entryPoint);
  await chmod(entryPoint, 0o755);
}

/** Fetches a package from the npm registry and returns the folder of its content, below `work`. */
async function unpackNpmPackage(name: string, version: string, work: string): Promise<string> {
  const folder = join(work, basename(name));
  await mkdir(folder, { recursive: true });
  await run("npm", ["pack", "--silent", "--pack-destination", folder, `${name}@${version}`]);
  const [archive] = await readdir(folder);
  if (archive === undefined) throw new Error(`npm fetched no ${name}@${version}`);
  await run("tar", ["-xzf", join(folder, archive), "-C", folder, "--no-same-owner"]);
  return join(folder, "package");
}

function entryPointFile(machine: Machine): string {
  return join(machine.root, "toolchain/docker-entrypoint.sh");
}
