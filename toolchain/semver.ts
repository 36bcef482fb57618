/** Whether the dotted version `found` is `wanted` or later. A leading "v" and anything after the numbers are ignored. */
export function isAtLeast(found: string, wanted: string): boolean {
  const [a, b] = [numbers(found), numbers(wanted)];
  if (a.length === 0) return false;
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** The first number of a dotted version, or NaN. */
export function major(version: string): number {
  return numbers(version)[0] ?? Number.NaN;
}

function numbers(version: string): number[] {
  const match = /^v?(\d+(?:\.\d+)*)/.exec(version.trim());
  return match?.[1]?.split(".").map(Number) ?? [];
}
