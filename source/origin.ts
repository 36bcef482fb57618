/** Who released what: the Git commit of this checkout, and the person. */
import { execFile } from "node:child_process";
import { userInfo } from "node:os";
import { promisify } from "node:util";
import type { Origin } from "../release/ledger.ts";

const run = promisify(execFile);

const git = async (...words: string[]): Promise<string | undefined> => {
  try {
    return (await run("git", words)).stdout.trim();
  } catch {
    return undefined; // no Git, or not a checkout: a release needs neither
  }
};

/** Commit (with "+" where tracked or new files differ from it), author and the time now. */
export async function readOrigin(): Promise<Origin> {
  const [commit, changes, author] = await Promise.all([
    git("rev-parse", "--short=12", "HEAD"),
    git("status", "--porcelain"),
    git("config", "user.name"),
  ]);
  return {
    ...(commit && { commit: commit + (changes ? "+" : "") }),
    author: author || userInfo().username,
    time: new Date().toISOString(),
  };
}
