import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, withLock } from "./cache.ts";
import { findOnPath } from "./path.ts";
import type { Report } from "./need.ts";
import { CommandFailed, run } from "./run.ts";

const OPTIONS = ["--yes", "--quiet", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"];

/** Why Debian packages cannot be installed here, or undefined where they can. */
export function aptObstacle(): string | undefined {
  if (findOnPath("apt-get", process.env.PATH) === undefined) return "this is not Debian or Ubuntu (no apt-get)";
  if (process.getuid?.() !== 0) return "only root may install packages";
  return undefined;
}

/** Installs Debian packages; the lists are fetched only where the first attempt shows that they are missing or old. */
export async function aptInstall(packages: readonly string[], report: Report): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", NEEDRESTART_MODE: "a" };
  const apt = (...args: string[]) => run("apt-get", [...OPTIONS, ...args], { env, endsAlone: true, onLine: (line) => report(line) });
  report(`installing ${packages.join(", ")}`);
  const wait = () => report("waiting for another installation of packages");
  await withLock(cacheFolder(process.env), "apt", wait, async () => {
    // An installation that was cut off is brought to its end first; this does nothing where there was none.
    await run("dpkg", ["--configure", "-a"], { env, endsAlone: true });
    try {
      await apt("install", ...packages);
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      // A source of the machine's that cannot be reached must not stand in the way of the others.
      await apt("update").catch(() => {});
      await apt("install", ...packages);
    }
  });
}

/** Unpacks Debian packages into a folder, without installing them. */
export async function aptUnpack(packages: readonly string[], folder: string, report: Report): Promise<void> {
  await mkdir(folder, { recursive: true });
  const download = () => run("apt-get", ["download", "--quiet", ...packages], { cwd: folder, onLine: (line) => report(line) });
  report(`fetching Debian's ${packages.join(", ")}`);
  await download().catch(async () => {
    await run("apt-get", [...OPTIONS, "update"]).catch(() => {});
    await download();
  });
  const archives = (await readdir(folder)).filter((file) => file.endsWith(".deb"));
  if (archives.length !== packages.length) throw new Error(`apt-get fetched ${archives.join(", ") || "nothing"} of ${packages.join(", ")}`);
  for (const archive of archives) await run("dpkg-deb", ["--extract", join(folder, archive), folder]);
}

/** Installs the packages that bring the programs which are not on PATH: program to package. */
export async function aptProvide(programs: Readonly<Record<string, string>>, report: Report): Promise<void> {
  const missing = Object.keys(programs).filter((program) => findOnPath(program, sbinPath()) === undefined);
  const packages = [...new Set(missing.map((program) => programs[program] ?? program))];
  if (packages.length === 0) return;
  const obstacle = aptObstacle();
  if (obstacle !== undefined) throw new Error(`${missing.join(", ")} not found, and ${obstacle}`);
  await aptInstall(packages, report);
}

/** PATH with the folders of administration programs, which a user's may lack. */
export function sbinPath(): string {
  return `${process.env.PATH ?? ""}:/usr/sbin:/sbin`;
}

/** Where apt gets the packages of the Debian archive from on this machine, or undefined where it knows no such place. */
export async function debianMirror(release: string): Promise<string | undefined> {
  const format = "$(ORIGIN)|$(LABEL)|$(CODENAME)|$(COMPONENT)|$(REPO_URI)";
  const targets = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  return chooseMirror(targets.split("\n"), release);
}

/** Chooses from lines "origin|label|codename|component|address": the release's own place, else the archive's. */
export function chooseMirror(lines: readonly string[], release: string): string | undefined {
  const archives = lines
    .map((line) => line.split("|"))
    .filter(([origin, label, , component]) => origin === "Debian" && label === "Debian" && component === "main");
  const best = archives.find(([, , codename]) => codename === release) ?? archives[0];
  return best?.[4]?.replace(/\/$/, "");
}

/** Whether a service manager runs this machine, which then starts and stops its services. */
export function hasServiceManager(): boolean {
  return existsSync("/run/systemd/system");
}
