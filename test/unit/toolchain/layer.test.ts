import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeLayer } from "../../../toolchain/layer.ts";
import { temporaryFolder } from "../../support/folders.ts";

const TIME = new Date("2026-01-02T03:04:05Z");

test("a layer has each entry with its owner, mode and time, in the order given", async () => {
  const folder = temporaryFolder({ program: "#!/bin/sh\n" });
  const entries = [
    { folder: "tmp", mode: 0o1777 },
    { folder: "home", uid: 7, gid: 8 },
    { file: "bin/run", from: join(folder, "program"), mode: 0o755 },
    { link: "bin/sh", to: "run" },
  ];
  for (const name of ["a.tar", "b.tar"]) await writeLayer(join(folder, name), entries, TIME);
  const listed = execFileSync("tar", ["--utc", "--numeric-owner", "-tvf", join(folder, "a.tar")], { encoding: "utf8" });
  expect(
    listed
      .trim()
      .split("\n")
      .map((line) => line.replaceAll(/ +/g, " ")),
  ).toEqual([
    "drwxrwxrwt 0/0 0 2026-01-02 03:04 tmp/",
    "drwxr-xr-x 7/8 0 2026-01-02 03:04 home/",
    "-rwxr-xr-x 0/0 10 2026-01-02 03:04 bin/run",
    expect.stringMatching(/^l\S+ 0\/0 0 2026-01-02 03:04 bin\/sh -> run$/),
  ]);
  expect(readFileSync(join(folder, "b.tar")).equals(readFileSync(join(folder, "a.tar")))).toBe(true);
});
