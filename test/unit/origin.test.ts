import { execFileSync } from "node:child_process";
import { userInfo } from "node:os";
import { resolve } from "node:path";
import type { Origin } from "../../release/ledger.ts";
import { temporaryFolder, write } from "../support/folders.ts";
import { repository } from "../support/repository.ts";

/** The origin of a release that is made in this folder, by a process of its own so that Git's settings here play no part. */
function originIn(folder: string, env: NodeJS.ProcessEnv = {}): Origin {
  const module = resolve("source/origin.ts");
  const program = `import(${JSON.stringify(module)}).then(async ({ readOrigin }) => console.log(JSON.stringify(await readOrigin())))`;
  const text = execFileSync(process.execPath, ["--eval", program], {
    cwd: folder,
    env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null", ...env },
    encoding: "utf8",
  });
  return JSON.parse(text) as Origin;
}

test("a release from a clean checkout carries its commit, its author and the time", () => {
  const { folder, git, commit } = repository();
  const revision = commit({ Dockerfile: "FROM scratch" });
  git("config", "user.name", "Ada");
  const before = new Date().toISOString();
  const { time, ...origin } = originIn(folder);
  expect(origin).toEqual({ commit: revision.slice(0, 12), author: "Ada" });
  expect(time >= before && time <= new Date().toISOString()).toBe(true);
});

test.each(["Dockerfile", "new.txt"])("a release whose checkout has a change in %s is marked", (file) => {
  const { folder, commit } = repository();
  const revision = commit({ Dockerfile: "FROM scratch" });
  write(`${folder}/${file}`, "changed");
  expect(originIn(folder).commit).toBe(`${revision.slice(0, 12)}+`);
});

test("outside of any checkout there is no commit, and the author is the user of this machine", () => {
  const { time: _, ...origin } = originIn(temporaryFolder());
  expect(origin).toEqual({ author: userInfo().username });
});

test("a machine without Git needs no commit either", () => {
  const { folder, commit } = repository();
  commit({ Dockerfile: "FROM scratch" });
  const { time: _, ...origin } = originIn(folder, { PATH: temporaryFolder() });
  expect(origin).toEqual({ author: userInfo().username });
});
