/** A stack that an earlier Berth has made, and the move to today's. */
import { execFileSync } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Checkout, Ran } from "./checkout.ts";

/** Why the earlier commit cannot be had here; undefined where it can. */
export function whyNoCommit(commit: string): string | undefined {
  try {
    execFileSync("git", ["cat-file", "-e", `${commit}^{commit}`], { stdio: "ignore" });
    return undefined;
  } catch {
    return `skipped: this clone has no commit ${commit} (git fetch --unshallow)`;
  }
}

/** Puts the files of that commit in the place of all others; what belongs to the stack stays. */
export async function goBack(checkout: Checkout, commit: string): Promise<void> {
  await clear(checkout, []);
  const archive = execFileSync("git", ["-c", "tar.umask=0022", "archive", commit, "--", ".", ":!test"], { maxBuffer: 64 * 1024 ** 2 });
  execFileSync("tar", ["x", "-C", checkout.folder], { input: archive });
}

/** Today's files in the place of the earlier ones. The app is the user's own, and stays as it is. */
export async function moveOn(checkout: Checkout): Promise<void> {
  await clear(checkout, ["app"]);
  await checkout.fill((file) => !file.startsWith("app/"));
}

async function clear({ folder, stack }: Checkout, kept: readonly string[]): Promise<void> {
  const stays = [".berth", "node_modules", `Pulumi.${stack}.yaml`, ...kept];
  for (const entry of await readdir(folder)) if (!stays.includes(entry)) await rm(join(folder, entry), { recursive: true });
}

/** An update by the earlier Berth, which needs the docker command that today's does without. @throws Error where it fails */
export async function upByEarlier(checkout: Checkout): Promise<void> {
  const { PATH } = checkout.env;
  checkout.env["PATH"] = process.env["PATH"];
  const ran: Ran = await checkout.up();
  checkout.env["PATH"] = PATH;
  if (ran.code !== 0) throw new Error(`the earlier Berth's update failed:\n${ran.output}`);
}
