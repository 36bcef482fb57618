import { rmSync, utimesSync } from "node:fs";
import promises from "node:fs/promises";
import { join } from "node:path";
import { contentHash } from "../../source/content.ts";
import type { BuildSettings } from "../../settings/settings.ts";
import { type FileSpec, temporaryFolder, write } from "../support/folders.ts";

const BUILD: BuildSettings = { dockerfile: "Dockerfile", args: {} };
const APP: Record<string, FileSpec> = { Dockerfile: "FROM scratch", "server.js": "serve()", "page/index.html": "<h1>" };

const hashOf = (files: Record<string, FileSpec>, build: Partial<BuildSettings> = {}) =>
  contentHash(temporaryFolder(files), { ...BUILD, ...build });

test("a content hash is twelve hex digits", async () => {
  expect(await hashOf(APP)).toMatch(/^[0-9a-f]{12}$/);
});

describe("the hash stays", () => {
  test("in another folder with the same files", async () => {
    expect(await hashOf(APP)).toBe(await hashOf(APP));
  });

  test("whatever order the file system lists the files in", async () => {
    const before = await hashOf(APP);
    const { readdir } = promises;
    const backwards = jest
      .spyOn(promises, "readdir")
      .mockImplementation(async (...args: Parameters<typeof readdir>) => (await readdir(...args)).reverse());
    try {
      expect(await hashOf(APP)).toBe(before);
      expect(backwards).toHaveBeenCalled();
    } finally {
      backwards.mockRestore();
    }
  });

  test("when only times change", async () => {
    const folder = temporaryFolder(APP);
    const before = await contentHash(folder, BUILD);
    for (const file of Object.keys(APP)) utimesSync(join(folder, file), 1, 1);
    expect(await contentHash(folder, BUILD)).toBe(before);
  });

  test("when others may read a file or not, because Git does not keep that", async () => {
    expect(await hashOf({ ...APP, "server.js": { text: "serve()", mode: 0o600 } })).toBe(await hashOf(APP));
  });

  test("in whatever order build arguments are written", async () => {
    expect(await hashOf(APP, { args: { A: "1", B: "2" } })).toBe(await hashOf(APP, { args: { B: "2", A: "1" } }));
  });
});

describe("the hash changes", () => {
  test.each<{ when: string; files?: Record<string, FileSpec>; build?: Partial<BuildSettings> }>([
    { when: "one byte of a file changes", files: { ...APP, "server.js": "serve(;" } },
    { when: "the Dockerfile changes", files: { ...APP, Dockerfile: "FROM base" } },
    { when: "a file is added", files: { ...APP, "new.js": "" } },
    { when: "an empty folder is added", files: { ...APP, "empty/": "" } },
    { when: "a file moves", files: { Dockerfile: "FROM scratch", "server.js": "serve()", "pages/index.html": "<h1>" } },
    { when: "a file becomes a program", files: { ...APP, "server.js": { text: "serve()", mode: 0o755 } } },
    { when: "a file becomes a link", files: { ...APP, "server.js": { link: "serve()" } } },
    { when: "a stage is chosen", build: { target: "final" } },
    { when: "a build argument changes", build: { args: { VERSION: "2" } } },
    { when: "the build gets another secret, whatever its value", build: { secrets: ["token"] } },
    { when: "the platform changes", build: { platform: "linux/arm64" } },
  ])("when $when", async ({ files = APP, build }) => {
    expect(await hashOf(files, build)).not.toBe(await hashOf(APP));
  });

  test("when one file's bytes look like another file", async () => {
    expect(await hashOf({ ...APP, a: "1fileb2" })).not.toBe(await hashOf({ ...APP, a: "1", b: "2" }));
  });

  test("when a link points elsewhere, though what it points to is never read", async () => {
    const before = await hashOf({ ...APP, link: { link: "/nowhere/a" } });
    expect(await hashOf({ ...APP, link: { link: "/nowhere/b" } })).not.toBe(before);
  });

  test("when another Dockerfile is named, even with the same text", async () => {
    const files = { ...APP, "other.Dockerfile": "FROM scratch" };
    expect(await hashOf(files, { dockerfile: "other.Dockerfile" })).not.toBe(await hashOf(files));
  });
});

describe("what .dockerignore names", () => {
  const noticed = async (ignore: string, path: string, name = ".dockerignore") => {
    const folder = temporaryFolder({ ...APP, [name]: ignore, [path]: "one" });
    const before = await contentHash(folder, BUILD);
    write(join(folder, path), "two");
    return (await contentHash(folder, BUILD)) !== before;
  };

  // Ignore rules, a file whose text changes, and whether the hash notices.
  test.each([
    ["", "notes.md", true],
    ["*.md", "notes.md", false],
    ["*.md", "docs/notes.md", true],
    ["**/*.md", "docs/notes.md", false],
    ["docs", "docs/deep/notes.md", false],
    ["docs/", "docs/notes.md", false],
    ["/docs", "docs/notes.md", false],
    ["docs\n!docs/keep.md", "docs/keep.md", true],
    ["docs\n!docs/keep.md", "docs/other.md", false],
    ["*\n!server.js", "page/index.html", false],
    ["*\n!server.js", "server.js", true],
    ["!docs/keep.md\ndocs", "docs/keep.md", false],
    ["# docs", "docs/notes.md", true],
    ["docs\r\n*.log\r\n", "docs/notes.md", false],
    ["DOCS", "docs/notes.md", true],
  ])("%j leaves the change of %s noticed: %p", async (ignore, path, expected) => {
    expect(await noticed(ignore, path)).toBe(expected);
  });

  test("does not matter where the Dockerfile has an ignore file of its own", async () => {
    const folder = temporaryFolder({ ...APP, ".dockerignore": "server.js", "Dockerfile.dockerignore": "page" });
    const before = await contentHash(folder, BUILD);
    write(join(folder, "page/index.html"), "<h2>");
    expect(await contentHash(folder, BUILD)).toBe(before);
    write(join(folder, "server.js"), "stop()");
    expect(await contentHash(folder, BUILD)).not.toBe(before);
  });

  test("is the same to the hash whether it is there or not", async () => {
    const folder = temporaryFolder({ ...APP, ".dockerignore": "cache", "cache/a": "1" });
    const before = await contentHash(folder, BUILD);
    rmSync(join(folder, "cache"), { recursive: true });
    expect(await contentHash(folder, BUILD)).toBe(before);
  });

  test("may include the Dockerfile, whose changes are noticed all the same", async () => {
    expect(await noticed("Dockerfile", "Dockerfile")).toBe(true);
  });
});
