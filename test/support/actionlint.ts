/** actionlint, the linter of GitHub's workflows: built once from its Go module into set-up's cache. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, entryFolder } from "../../toolchain/cache.ts";

const VERSION = "1.7.12";

/** The program, or why it cannot be had on this machine. At once, because a test has to know before it is declared. */
export function findActionlint(): { readonly program: string; readonly why?: undefined } | { readonly why: string } {
  const cache = cacheFolder(process.env);
  const entry = entryFolder(cache, "actionlint", VERSION);
  const program = join(entry, "actionlint");
  if (existsSync(program)) return { program };
  mkdirSync(cache, { recursive: true });
  const unfinished = mkdtempSync(`${entry}-unfinished-`);
  try {
    const env = { ...process.env, GOBIN: unfinished, GOFLAGS: "", CGO_ENABLED: "0" };
    execFileSync("go", ["install", "-trimpath", `github.com/rhysd/actionlint/cmd/actionlint@v${VERSION}`], {
      env,
      stdio: "pipe",
      timeout: 120_000,
    });
    if (!existsSync(program)) renameSync(unfinished, entry);
    return { program };
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: Buffer };
    return {
      why: code === "ENOENT" ? "there is no Go on PATH to build it with" : `it cannot be built: ${String(stderr).trim().split("\n")[0]}`,
    };
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
