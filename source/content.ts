/** What an image is built from, as one hash: equal on every machine, blind to times, owners and absolute paths. */
import { createHash, type Hash } from "node:crypto";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import dockerignore from "@balena/dockerignore";
import type { BuildSettings } from "../settings/settings.ts";

/** Hex digits of a content hash: short enough to read, long enough never to meet twice. */
export const CONTENT_DIGITS = 12;

/**
 * Hash of a build: its settings, its Dockerfile, and each file of the context that `.dockerignore` lets through,
 * with path, kind, executable bit and bytes.
 * @param context folder of the build context
 */
export async function contentHash(context: string, build: BuildSettings): Promise<string> {
  const hash = createHash("sha256");
  const { target, args, platform, dockerfile, secrets = [] } = build;
  add(
    hash,
    "build",
    JSON.stringify([target, Object.entries(args).sort(), platform, dockerfile, ...(secrets.length > 0 ? [[...secrets].sort()] : [])]),
  );
  add(hash, "dockerfile", await readFile(join(context, dockerfile)));
  const ignored = await readIgnores(context, dockerfile);
  await addFolder(hash, context, "", ignored);
  return hash.digest("hex").slice(0, CONTENT_DIGITS);
}

type Ignored = (path: string) => boolean;

// The package's types speak of a default export; what it exports is the function itself.
const ignoreRules = dockerignore as unknown as typeof dockerignore.default;

async function readIgnores(context: string, dockerfile: string): Promise<Ignored> {
  const lines =
    (await readIfThere(join(context, `${dockerfile}.dockerignore`))) ?? (await readIfThere(join(context, ".dockerignore"))) ?? "";
  const rules = ignoreRules({ ignorecase: false }).add(lines.split("\n"));
  return (path) => rules.ignores(path);
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function addFolder(hash: Hash, context: string, folder: string, ignored: Ignored): Promise<void> {
  const entries = await readdir(join(context, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = folder ? `${folder}/${entry.name}` : entry.name;
    const kept = !ignored(path);
    if (entry.isDirectory()) {
      if (kept) add(hash, "folder", path);
      await addFolder(hash, context, path, ignored); // an exception ("!keep") may stand below an ignored folder
    } else if (kept && entry.isSymbolicLink()) {
      add(hash, "link", path, await readlink(join(context, path)));
    } else if (kept && entry.isFile()) {
      const { mode } = await lstat(join(context, path));
      add(hash, mode & 0o100 ? "program" : "file", path, await readFile(join(context, path)));
    }
  }
}

/** Each part is led by its length, so that no two lists of parts give the same bytes. */
function add(hash: Hash, ...parts: (string | Buffer)[]): void {
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
}
