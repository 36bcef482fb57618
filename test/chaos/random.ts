/** Chance that can be repeated. */

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same things in another order. */
export function shuffled<T>(things: readonly T[], random: () => number): T[] {
  const keyed = things.map((thing) => ({ thing, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ thing }) => thing);
}

/** One of them; undefined where there are none. */
export const pick = <T>(things: readonly T[], random: () => number): T | undefined => things[Math.floor(random() * things.length)];
