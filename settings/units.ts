/** Durations and sizes as people write them, and as the parts below want them. Pure. */

const SECONDS_PER_UNIT: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600 };
const BYTES_PER_UNIT: Record<string, number> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** Seconds in a text such as "500ms", "30s" or "1m30s"; undefined where the text is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g);
  return [...parts].reduce((seconds, [, amount, unit]) => seconds + Number(amount) * (SECONDS_PER_UNIT[unit ?? ""] ?? 0), 0);
}

/** The Go form of a duration ("1.5s"), which kamal-proxy's flags take; to the millisecond, for Go has no "1e-7s". */
export const goDuration = (seconds: number): string => `${Math.round(seconds * 1000) / 1000}s`;

/** Bytes in a text such as "512M" or "1.5G" (powers of 1024, as Docker counts); undefined where the text is none. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMG])i?B?$/.exec(text);
  if (!match) return undefined;
  return Math.round(Number(match[1]) * (BYTES_PER_UNIT[match[2] ?? ""] ?? 0));
}

/** Whole mebibytes, the unit of the Docker provider's memory inputs. */
export const mebibytes = (bytes: number): number => Math.floor(bytes / 1024 ** 2);

/** Seconds as people say them. */
export function ageInWords(seconds: number): string {
  const [size, unit] = seconds < 120 ? [1, "s"] : seconds < 7200 ? [60, "min"] : seconds < 172_800 ? [3600, "h"] : [86_400, "days"];
  return `${Math.max(0, Math.round(seconds / size))} ${unit}`;
}
