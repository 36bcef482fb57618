import { isAtLeast, major } from "../../../toolchain/semver.ts";
import { duration } from "../../../toolchain/progress.ts";

test.each([
  ["3.259.0", "3.259.0", true],
  ["v3.260.1", "3.259.0", true],
  ["3.258.9", "3.259.0", false],
  ["1.41", "1.41", true],
  ["1.9", "1.41", false],
  ["1.26.8 X:nocoverageredesign", "1.26.3", true],
  ["1.26rc1", "1.26.3", false],
  ["20.10.24+dfsg1", "20.10.5", true],
  ["", "1.0", false],
  ["(devel)", "1.0", false],
])("%s is at least %s: %s", (found, wanted, expected) => {
  expect(isAtLeast(found, wanted)).toBe(expected);
});

test("the major version is the first number", () => {
  expect(major("v3.259.0")).toBe(3);
  expect(major("unknown")).toBeNaN();
});

test.each([
  [0.4, "0s"],
  [59.4, "59s"],
  [59.6, "1m00s"],
  [72, "1m12s"],
  [3601, "60m01s"],
])("%d seconds are said as %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
