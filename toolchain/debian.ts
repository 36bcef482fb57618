import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { aptProvide, debianMirror, sbinPath } from "./apt.ts";
import type { Report } from "./need.ts";
import { run } from "./run.ts";
import { VERSIONS } from "./versions.ts";

/** What an image has no use for; official slim images leave most of it out as well. */
const NOT_NEEDED = [
  "var/cache/apt",
  "var/lib/apt/lists",
  "var/log",
  "usr/share/doc",
  "usr/share/man",
  "usr/share/info",
  "usr/share/locale",
  "usr/share/lintian",
];

/** Installs a minimal Debian with these packages, in a mount namespace of its own so that nothing stays mounted if it is cut off. */
export async function installDebian(rootfs: string, packages: readonly string[], report: Report): Promise<void> {
  await aptProvide({ debootstrap: "debootstrap" }, report);
  const mirror = await debianMirror(VERSIONS.debian);
  const options = ["--variant=minbase", `--include=${packages.join(",")}`, VERSIONS.debian, rootfs];
  await run("unshare", ["--mount", "debootstrap", ...options, ...(mirror === undefined ? [] : [mirror])], {
    env: { ...process.env, PATH: sbinPath() },
    onLine: (line) => report(`debootstrap: ${line.replace(/^I: /, "")}`),
  });
}

/** Adds a system user with its group; both have the same number. */
export async function addUser(rootfs: string, user: string, id: number, ...options: readonly string[]): Promise<void> {
  await run("chroot", [rootfs, "groupadd", "--gid", String(id), user]);
  await run("chroot", [rootfs, "useradd", "--uid", String(id), "--gid", user, ...options, user]);
}

/** Takes out what an image has no use for, and keeps apt from leaving it again. */
export async function stripDebian(rootfs: string): Promise<void> {
  for (const path of NOT_NEEDED) {
    const folder = join(rootfs, path);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
  }
  await mkdir(join(rootfs, "var/cache/apt/archives/partial"), { recursive: true });
  // Packages that are installed in a container neither start services nor stay in a cache.
  await writeFile(join(rootfs, "usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  const clean = 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };\n';
  await writeFile(join(rootfs, "etc/apt/apt.conf.d/docker-clean"), clean);
}

/** Turns `<folder>/rootfs` into `<folder>/layer.tar`. */
export async function packRootfs(folder: string): Promise<void> {
  const rootfs = join(folder, "rootfs");
  await run("tar", ["--sort=name", "--numeric-owner", "--one-file-system", "-cf", join(folder, "layer.tar"), "-C", rootfs, "."]);
  await rm(rootfs, { recursive: true });
}
