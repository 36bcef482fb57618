import fc from "fast-check";
import { goDuration, mebibytes, parseDuration, parseSize } from "../../settings/units.ts";

describe("a duration", () => {
  test.each([
    ["0s", 0],
    ["50ms", 0.05],
    ["30s", 30],
    ["1.5s", 1.5],
    ["2m", 120],
    ["1m30s", 90],
    ["1h0m1s", 3601],
  ])("%s is %d seconds", (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  test.each(["", "30", "s", "30 s", "-1s", "+1s", "1d", "1S", "1.s", ".5s", "1e3s", "30s ", "1s,2s", "Infinitys"])("%j is none", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test("written for Go reads back as it was, to the millisecond", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_600_000 }), (milliseconds) => {
        expect(parseDuration(goDuration(milliseconds / 1000))).toBeCloseTo(milliseconds / 1000, 6);
      }),
    );
  });

  test("is one that Go can parse, however small or odd the number", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 3600, noNaN: true }), (seconds) => {
        expect(goDuration(seconds)).toMatch(/^\d+(\.\d{1,3})?s$/);
      }),
    );
  });
});

describe("a size", () => {
  test.each([
    ["512M", 512 * 1024 ** 2],
    ["512MB", 512 * 1024 ** 2],
    ["512MiB", 512 * 1024 ** 2],
    ["1.5G", 1.5 * 1024 ** 3],
    ["6144K", 6 * 1024 ** 2],
  ])("%s is %d bytes", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(["", "512", "M", "-1M", "512 M", "512m", "1T", "1.M", "512MBs", "0x10M"])("%j is none", (text) => {
    expect(parseSize(text)).toBeUndefined();
  });

  test("is given to the provider in whole mebibytes, never more than was allowed", () => {
    expect(mebibytes(512 * 1024 ** 2)).toBe(512);
    expect(mebibytes(6.9 * 1024 ** 2)).toBe(6);
  });
});
