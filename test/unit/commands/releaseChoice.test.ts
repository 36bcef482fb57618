import { chooseRelease } from "../../../commands/update/releaseChoice.ts";
import type { Release } from "../../../release/ledger.ts";

const releases = ["c", "b", "a"].map((name) => ({ name }) as Release);
const chosen = (live: string, name?: string) => chooseRelease(live, releases, name).name;

test.each([
  ["the one that was live before, by default", "c", undefined, "b"],
  ["the newest other one where the live one is not on top", "b", undefined, "c"],
  ["the one that is named", "c", "a", "a"],
  ["the live one where it is named", "c", "c", "c"],
])("chooses %s", (_, live, name, wanted) => {
  expect(chosen(live, name)).toBe(wanted);
});

test("says which ones there are where the named one is not among them", () => {
  expect(() => chosen("c", "x")).toThrow("release x is not in the ledger: choose one of b, a (npm run releases)");
});

test("says so where the live one is the first", () => {
  expect(() => chooseRelease("a", [{ name: "a" } as Release], undefined)).toThrow("there is no earlier release: a is the first one");
});
