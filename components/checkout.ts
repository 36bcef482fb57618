/** The source of `build.remoteContext` as a folder: a Git repository at one commit, or an unpacked archive. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import * as pulumi from "@pulumi/pulumi";

const run = promisify(execFile);
const FOLDER = ".berth/checkouts";
const SECONDS = 120;

export interface Source {
  /** Folder of the build context. */
  readonly context: string;
  /** Git commit, or the archive's hash. */
  readonly revision: string;
}

/** A remote context taken apart. Pure. */
export function parseRemote(remote: string): { kind: "git" | "archive"; url: string; ref: string; folder: string } {
  const [url = "", fragment = ""] = remote.split("#");
  const [ref = "", folder = ""] = fragment.split(":");
  const kind = /^(git|ssh|file):|^git@|\.git$/.test(url) || remote.includes("#") ? "git" : "archive";
  return { kind, url, ref: ref || "HEAD", folder: folder.replace(/^\/+|\/+$/g, "") };
}

/**
 * Fetches the source, unless that very revision is there already. The folder is named by the revision alone, so two
 * checkouts of the project declare the same. @throws RunError when it cannot be had.
 */
export async function checkOut(remote: string): Promise<Source> {
  const { kind, url, ref, folder } = parseRemote(remote);
  try {
    const { path, revision } = kind === "git" ? await fromGit(url, ref) : await fromArchive(url);
    return { context: join(path, folder), revision };
  } catch (error) {
    const reason = ((error as { stderr?: string }).stderr || (error as Error).message).trim().split("\n").at(-1);
    throw new pulumi.RunError(`berth:build.remoteContext ${remote} cannot be fetched: ${reason}. Check the URL and your access to it.`);
  }
}

const git = (...words: string[]) => run("git", words, { timeout: SECONDS * 1000, env: { ...process.env, GIT_TERMINAL_PROMPT: "0" } });

async function fromGit(url: string, ref: string) {
  const revision = /^[0-9a-f]{40}$/.test(ref) ? ref : (await git("ls-remote", "--exit-code", url, ref)).stdout.split(/\s/)[0] ?? "";
  const path = join(FOLDER, revision);
  await once(path, async (work) => {
    await git("init", "--quiet", work);
    await git("-C", work, "fetch", "--quiet", "--depth", "1", url, revision).catch(() => git("-C", work, "fetch", "--quiet", url));
    await git("-C", work, "checkout", "--quiet", revision);
    await rm(join(work, ".git"), { recursive: true });
  });
  return { path, revision };
}

async function fromArchive(url: string) {
  const response = await fetch(url, { signal: AbortSignal.timeout(SECONDS * 1000) });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const revision = createHash("sha256").update(bytes).digest("hex").slice(0, 40);
  const path = join(FOLDER, revision);
  await once(path, async (work) => {
    await writeFile(`${work}.tar`, bytes);
    await run("tar", ["--extract", "--file", `${work}.tar`, "--directory", work]);
    await rm(`${work}.tar`);
  });
  return { path, revision };
}

/** Makes a folder whole or not at all. */
async function once(path: string, fill: (work: string) => Promise<void>): Promise<void> {
  if (existsSync(path)) return;
  await mkdir(FOLDER, { recursive: true });
  const work = await mkdtemp(join(FOLDER, "part-"));
  try {
    await fill(work);
    await rename(work, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error; // another run was first
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
