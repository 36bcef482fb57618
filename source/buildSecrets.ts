/**
 * Secrets of a build: files in memory as long as the program runs, from which BuildKit takes them for
 * `RUN --mount=type=secret`. The image's resource names only the files.
 */
import { existsSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings/settings.ts";
import { readSecrets } from "../release/secretValues.ts";

/** Within the project, so that it is the same on every machine: a link for each stack to a folder in memory. */
const LINKS = ".berth/build-secrets";
/** A file system in memory; the usual folder for temporary files where there is none, as on macOS. */
const MEMORY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const FOLDER = "berth-build-";

/** The stack, and its app where it has several. */
export type BuildOwner = { readonly stack: string; readonly app?: string | undefined };

const linkOf = ({ stack, app }: BuildOwner): string => `${LINKS}/${[stack, ...(app ? [app] : [])].join("-")}`;

/** Where the build of an app finds a secret. */
export const buildSecretFile = (owner: BuildOwner, name: string): string => `${linkOf(owner)}/${name}`;

/**
 * Makes the files, which go with the program. A preview builds nothing, and makes none.
 * @throws RunError where a program does not tell one
 */
export async function provideBuildSecrets(owner: BuildOwner, { build: { secrets: names = [] }, secrets }: Settings): Promise<void> {
  if (names.length === 0 || pulumi.runtime.isDryRun()) return;
  const values = await readSecrets(secrets, names);
  const link = linkOf(owner);
  await mkdir(LINKS, { recursive: true });
  const left = await readlink(link).catch(() => "");
  if (basename(left).startsWith(FOLDER)) await rm(left, { recursive: true, force: true }); // of an update that was killed
  await rm(link, { force: true });
  const folder = await mkdtemp(join(MEMORY, FOLDER));
  process.once("exit", () => [folder, link].forEach((path) => rmSync(path, { recursive: true, force: true })));
  await symlink(folder, link);
  await Promise.all(
    Object.entries(values).map(([name, { base64 }]) => writeFile(join(folder, name), Buffer.from(base64, "base64"), { mode: 0o400 })),
  );
}
