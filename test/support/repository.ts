/** A Git repository to fetch from, made by Git itself. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type FileSpec, temporaryFolder, write } from "./folders.ts";

export interface Repository {
  readonly folder: string;
  /** Runs Git in it. */
  git(...words: string[]): string;
  /** Commits these files on the current branch and gives the commit. */
  commit(files: Readonly<Record<string, FileSpec>>): string;
}

/** An empty repository with the branch `main`; the settings of whoever runs the tests play no part. */
export function repository(): Repository {
  const folder = temporaryFolder();
  const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
  const git = (...words: string[]) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", ...words], {
      encoding: "utf8",
      env,
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  git("init", "--quiet", "--initial-branch", "main");
  return {
    folder,
    git,
    commit: (files) => {
      for (const [path, spec] of Object.entries(files)) write(join(folder, path), spec);
      git("add", "--all");
      git("commit", "--quiet", "--message", "A change");
      return git("rev-parse", "HEAD");
    },
  };
}
