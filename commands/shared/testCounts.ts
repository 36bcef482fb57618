/** How many checks passed and failed. Pure. */

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const sumUp = (all: readonly Counts[]): Counts =>
  all.reduce(
    (sum, { passed, failed, skipped }) => ({ passed: sum.passed + passed, failed: sum.failed + failed, skipped: sum.skipped + skipped }),
    { passed: 0, failed: 0, skipped: 0 },
  );

/** The closing lines of Node's own test runner; one failure where it ended without them. */
export function countNodeTests(output: string): Counts {
  const count = (word: string) => Number(new RegExp(`^\\S* ?${word} (\\d+)$`, "m").exec(output)?.[1] ?? Number.NaN);
  const [passed, failed, cancelled, skipped] = [count("pass"), count("fail"), count("cancelled"), count("skipped")];
  if (Number.isNaN(passed) || Number.isNaN(failed)) return { passed: 0, failed: 1, skipped: 0 };
  return { passed, failed: failed + (cancelled || 0), skipped: skipped || 0 };
}
