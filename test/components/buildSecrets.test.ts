import { existsSync, readFileSync, statSync } from "node:fs";
import { buildSecretFile, provideBuildSecrets } from "../../source/buildSecrets.ts";
import { settingsOf } from "../support/configuration.ts";
import { temporaryFolder } from "../support/folders.ts";
import { declare } from "../support/program.ts";

const settings = settingsOf({ secrets: { token: "line one\nline two\n", other: { command: ["false"] } }, build: { secrets: ["token"] } });
const home = process.cwd();
let atEnd: (() => void)[];
beforeEach(() => {
  process.chdir(temporaryFolder());
  atEnd = [];
  jest.spyOn(process, "once").mockImplementation((event, listener) => {
    if (event === "exit") atEnd.push(listener as () => void);
    return process;
  });
});
afterEach(() => {
  for (const end of atEnd) end();
  jest.restoreAllMocks();
  process.chdir(home);
});

const provide = (preview: boolean, given = settings) => declare(async () => provideBuildSecrets({ stack: "dev" }, given), { preview });

test("the secrets of a build are files that only this user may read, in memory, as long as the program runs", async () => {
  await provide(false);
  const file = buildSecretFile({ stack: "dev" }, "token");
  expect(file).toBe(".berth/build-secrets/dev/token");
  expect([readFileSync(file, "utf8"), statSync(file).mode & 0o777]).toEqual(["line one\nline two\n", 0o400]);
  for (const end of atEnd) end();
  expect(existsSync(file)).toBe(false);
});

test("those of an update that was killed go when the next one begins", async () => {
  await provide(false);
  await provide(false);
  atEnd.pop()?.();
  expect(existsSync(buildSecretFile({ stack: "dev" }, "token"))).toBe(false);
});

test("a preview builds nothing, and makes none", async () => {
  await provide(true);
  expect([existsSync(".berth"), atEnd]).toEqual([false, []]);
});

test("a build without secrets has none", async () => {
  await provide(false, settingsOf({ secrets: { token: "x" } }));
  expect(existsSync(".berth")).toBe(false);
});
