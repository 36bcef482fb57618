import fc from "fast-check";
import { Bounded } from "../../../steps/output.ts";

function printed(...texts: string[]): { live: string; all: string } {
  let all = "";
  const bounded = new Bounded((text) => (all += text));
  for (const text of texts) bounded.add(text);
  const live = all;
  bounded.end();
  return { live, all };
}
const lines = (count: number) => Array.from({ length: count }, (_, index) => `line ${index + 1}\n`);

test("what is short goes out as it comes, to the letter", () => {
  expect(printed("one\n", "two\nthree\n")).toEqual({ live: "one\ntwo\nthree\n", all: "one\ntwo\nthree\n" });
});

test("a line without an end waits for it, or for the end of all", () => {
  expect(printed("on", "e\ntw", "o")).toEqual({ live: "one\n", all: "one\ntwo" });
});

test("what is long has its beginning at once, its last lines at its end, and says what is left out between", () => {
  const { live, all } = printed(...lines(10_000));
  expect(live).toMatch(/^line 1\nline 2\n/);
  expect(all).toMatch(/\n\[\d+ lines of this step's output are left out here\]\nline \d+\n[^]*line 9999\nline 10000\n$/);
  const shown = all.split("\n").filter((line) => line.startsWith("line ")).length;
  expect(shown + Number(/\[(\d+) lines of/.exec(all)?.[1])).toBe(10_000);
});

test("that it goes on is told ever more seldom", () => {
  expect(
    printed(...lines(10_000))
      .live.match(/\[\d+ lines more/g)
      ?.map((text) => Number(/\d+/.exec(text))),
  ).toEqual([100, 200, 400, 800, 1600, 3200, 6400]);
});

test("a line that is too long is cut to its end", () => {
  const { all } = printed(`${"x".repeat(100_000)}end\n`, "last\n");
  expect(all).toMatch(/^\[…\] x+end\nlast\n$/);
  expect(all.length).toBeLessThan(10_000);
});

test("whatever is printed, in whatever pieces, stays far below 128 KiB and ends as it should", () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: "grapheme", maxLength: 50 }),
    fc.constantFrom("\n", "a\nb\n", "ü".repeat(9000), `${"long ".repeat(5000)}\n`),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 200 }), (texts) => {
      const { all } = printed(...texts, "\ndone for releases: a\n");
      return Buffer.byteLength(all) < 40 * 1024 && all.endsWith("done for releases: a\n");
    }),
  );
});
