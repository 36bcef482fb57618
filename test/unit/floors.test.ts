import { execFileSync } from "node:child_process";
import { Linter } from "eslint";
import { FLOORS, floorRules } from "../../floors.ts";

const linter = new Linter();

/** What the rule says of a file of one folder that imports from another one. */
const saidOf = (folder: string, other: string) =>
  linter
    .verify(`import { thing } from "../${other}/thing.ts";`, [{ files: ["**/*.ts"] }, ...floorRules], `${folder}/planted.ts`)
    .map(({ message }) => message);

const pairs = FLOORS.flatMap((floor, level) =>
  floor.flatMap((folder) =>
    FLOORS.flatMap((others, its) => others.filter((other) => other !== folder).map((other) => ({ folder, other, allowed: its > level }))),
  ),
);

test.each(pairs.filter(({ allowed }) => !allowed))(
  "a planted import of $other/ in $folder/ is refused by the name of the floor",
  ({ folder, other }) => {
    expect(saidOf(folder, other)).toEqual([expect.stringContaining(`${folder}/ stands be`)]);
  },
);

test.each(pairs.filter(({ allowed }) => allowed))("$folder/ may import from $other/", ({ folder, other }) => {
  expect(saidOf(folder, other)).toEqual([]);
});

test("every folder with the project's code stands on a floor", () => {
  const folders = execFileSync("git", ["ls-files", "*.ts"], { encoding: "utf8" })
    .split("\n")
    .flatMap((file) => (file.includes("/") ? [file.split("/")[0] ?? ""] : []));
  expect([...new Set(folders)].filter((folder) => !["app", "test", "examples"].includes(folder)).sort()).toEqual(FLOORS.flat().sort());
});
