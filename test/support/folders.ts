/** Folders that are gone after the test file has run. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const made: string[] = [];
afterAll(() => made.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A file: its text, or what else is special about it. */
export type FileSpec = string | { readonly text: string; readonly mode: number } | { readonly link: string };

/** An empty folder of its own, filled with files by their relative paths. A path that ends in "/" is an empty folder. */
export function temporaryFolder(files: Readonly<Record<string, FileSpec>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "berth-test-"));
  made.push(folder);
  for (const [path, spec] of Object.entries(files)) write(join(folder, path), spec);
  return folder;
}

/** Writes one file, with the folders above it. */
export function write(file: string, spec: FileSpec): void {
  mkdirSync(file.endsWith("/") ? file : dirname(file), { recursive: true });
  if (file.endsWith("/")) return;
  if (typeof spec === "object" && "link" in spec) return symlinkSync(spec.link, file);
  writeFileSync(file, typeof spec === "string" ? spec : spec.text);
  if (typeof spec === "object") chmodSync(file, spec.mode);
}
