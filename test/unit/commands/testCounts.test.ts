import { countNodeTests, sumUp } from "../../../commands/shared/testCounts.ts";

test("sumUp adds up, from nothing", () => {
  expect(sumUp([])).toEqual({ passed: 0, failed: 0, skipped: 0 });
  expect(
    sumUp([
      { passed: 2, failed: 1, skipped: 0 },
      { passed: 3, failed: 0, skipped: 4 },
    ]),
  ).toEqual({ passed: 5, failed: 1, skipped: 4 });
});

describe("countNodeTests", () => {
  test.each([
    ["for a terminal", "ℹ"],
    ["for a pipe", "#"],
  ])("reads the closing lines %s", (_, mark) => {
    const lines = ["tests 9", "suites 1", "pass 5", "fail 2", "cancelled 1", "skipped 1", "todo 0"];
    expect(countNodeTests(lines.map((line) => `${mark} ${line}`).join("\n"))).toEqual({ passed: 5, failed: 3, skipped: 1 });
  });

  test.each([
    ["nothing", ""],
    ["a run that was cut off", "# pass 5"],
    ["words of a test", "it can pass 5 and fail 2 times"],
  ])("takes %s for one failure", (_, output) => {
    expect(countNodeTests(output)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});
