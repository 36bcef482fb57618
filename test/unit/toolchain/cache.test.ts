import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheFolder, cacheKey, makeEntry } from "../../../toolchain/cache.ts";

let cache: string;
beforeEach(() => (cache = mkdtempSync(join(tmpdir(), "berth-cache-"))));
afterEach(() => rmSync(cache, { recursive: true }));

const writeProgram = async (folder: string) => writeFileSync(join(folder, "program"), "built");

test.each([
  [{ BERTH_CACHE: "/a", XDG_CACHE_HOME: "/b", HOME: "/c" }, "/a"],
  [{ XDG_CACHE_HOME: "/b", HOME: "/c" }, "/b/berth"],
  [{ HOME: "/c" }, "/c/.cache/berth"],
  [{ BERTH_CACHE: "", XDG_CACHE_HOME: "", HOME: "/c" }, "/c/.cache/berth"],
])("the cache of %j is %s", (env, folder) => {
  expect(cacheFolder(env)).toBe(folder);
});

test("a key tells where one part ends and the next begins", () => {
  expect(cacheKey("ab", "c")).not.toBe(cacheKey("a", "bc"));
  expect(cacheKey("ab", "c")).toBe(cacheKey("ab", "c"));
});

test("an entry is built once and then used", async () => {
  const build = jest.fn(writeProgram);
  const first = await makeEntry(cache, "tool", "k1", build);
  const second = await makeEntry(cache, "tool", "k1", build);
  expect(second).toBe(first);
  expect(build).toHaveBeenCalledTimes(1);
  expect(readdirSync(first)).toEqual(["program"]);
});

test("another key is another entry", async () => {
  const one = await makeEntry(cache, "tool", "k1", writeProgram);
  const two = await makeEntry(cache, "tool", "k2", writeProgram);
  expect(one).not.toBe(two);
});

test("a build that fails leaves no entry, and the next one starts from an empty folder", async () => {
  const failing = async (folder: string) => {
    await writeProgram(folder);
    throw new Error("compiler error");
  };
  await expect(makeEntry(cache, "tool", "k1", failing)).rejects.toThrow("compiler error");
  expect(existsSync(join(cache, "tool-k1"))).toBe(false);
  let seen: string[] | undefined;
  await makeEntry(cache, "tool", "k1", async (folder) => {
    seen = readdirSync(folder);
  });
  expect(seen).toEqual([]);
});

test("two runs at once build it once; the second waits and says so", async () => {
  const build = jest.fn(async (folder: string) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    await writeProgram(folder);
  });
  const onWait = jest.fn();
  const entries = await Promise.all([makeEntry(cache, "tool", "k1", build, onWait), makeEntry(cache, "tool", "k1", build, onWait)]);
  expect(entries[0]).toBe(entries[1]);
  expect(build).toHaveBeenCalledTimes(1);
  expect(onWait).toHaveBeenCalledTimes(1);
});

test("what a run that was killed has left is cleared away, and its lock taken over", async () => {
  const left = join(cache, "unfinished", "tool-0123456789ab");
  const other = join(cache, "unfinished", "tool-two-0123456789ab");
  mkdirSync(left, { recursive: true });
  mkdirSync(other, { recursive: true });
  const lock = join(cache, "locks", "tool.lock");
  mkdirSync(lock, { recursive: true });
  const longAgo = Date.now() / 1000 - 60;
  utimesSync(lock, longAgo, longAgo);

  const entry = await makeEntry(cache, "tool", "k1", writeProgram);

  expect(readdirSync(entry)).toEqual(["program"]);
  expect(existsSync(left)).toBe(false);
  expect(existsSync(other)).toBe(true);
  expect(existsSync(lock)).toBe(false);
});
