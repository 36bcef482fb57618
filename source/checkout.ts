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
  const isGit = /^(git|ssh|file):|^git@|\.git$/.test(url) || (remote.includes("#") && !/\.(tar(\.\w+)?|t[gx]z)$/.test(url));
  return { kind: isGit ? "git" : "archive", url, ref: ref || "HEAD", folder: folder.replace(/^\/+|\/+$/g, "") };
}

/**
 * Fetches the source, unless that very revision is there already. The folder is named by the revision alone, so two
 * checkouts of the project declare the same. @throws RunError when it cannot be had.
 */
export async function checkOut(remote: string): Promise<Source> {
  const { kind, url, ref, folder } = parseRemote(remote);
  try {
    const { path, revision } = kind === "git" ? await fromGit(url, ref) : await fromArchive(url);
    const context = join(path, folder);
    if (!context.startsWith(path) || !existsSync(context)) throw new Error(`it has no folder ${folder}`);
    return { context, revision };
  } catch (error) {
    const message = `berth:build.remoteContext ${remote} cannot be fetched: ${reasonOf(error as Failure)}. Check the URL and your access to it.`;
    throw new pulumi.RunError(message.replaceAll(/(https?:\/\/)[^/@\s]+@/g, "$1***@")); // a token may stand there
  }
}

type Failure = NodeJS.ErrnoException & { stderr?: string; killed?: boolean };

/** The line that says why, of all that a program or Node says. */
function reasonOf({ code, path, killed, stderr, cause, message }: Failure): string {
  if (code === "ENOENT" && path) return `the command ${path} is missing`;
  if (killed) return `no answer in ${SECONDS} s`;
  const lines = (stderr || (cause as Error | undefined)?.message || message).split("\n");
  return lines.find((line) => line.trim() !== "" && !line.startsWith("warning:"))?.trim() ?? message;
}

const git = (...words: string[]) => run("git", words, { timeout: SECONDS * 1000, env: { ...process.env, GIT_TERMINAL_PROMPT: "0" } });

async function fromGit(url: string, ref: string) {
  const revision = /^[0-9a-f]{40}$/.test(ref) ? ref : await revisionOf(url, ref);
  const path = join(FOLDER, revision);
  await once(path, async (work) => {
    await git("init", "--quiet", work);
    await git("-C", work, "fetch", "--quiet", "--depth", "1", "--", url, revision).catch(() =>
      git("-C", work, "fetch", "--quiet", "--", url, "+refs/*:refs/*"),
    ); // a plain web server gives no single commit
    await git("-C", work, "checkout", "--quiet", "--detach", revision);
    await rm(join(work, ".git"), { recursive: true });
  });
  return { path, revision };
}

/** The commit that a branch or tag stands for. The pattern alone would also match "feature/main" for "main". */
async function revisionOf(url: string, ref: string): Promise<string> {
  const { stdout } = await git("ls-remote", "--", url, ref, `${ref}^{}`);
  const commits = new Map(
    stdout
      .split("\n")
      .map((line) => line.split("\t"))
      .map(([commit, name]) => [name, commit]),
  );
  const names = [ref, `refs/${ref}`, `refs/tags/${ref}^{}`, `refs/tags/${ref}`, `refs/heads/${ref}`]; // the order in which Git looks
  const found = names.map((name) => commits.get(name)).find((commit) => commit !== undefined);
  if (!found) throw new Error(ref === "HEAD" ? "it has no commit" : `it has no branch or tag ${ref}`);
  return found;
}

async function fromArchive(url: string) {
  const response = await fetch(url, { signal: AbortSignal.timeout(SECONDS * 1000) });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const revision = createHash("sha256").update(bytes).digest("hex").slice(0, 40);
  const path = join(FOLDER, revision);
  await once(path, async (work) => {
    const archive = `${work}.tar`;
    try {
      await writeFile(archive, bytes);
      await run("tar", ["--extract", "--file", archive, "--directory", work]);
    } finally {
      await rm(archive, { force: true });
    }
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
