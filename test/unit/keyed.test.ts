import fc from "fast-check";
import { derived, keyedHash } from "../../release/keyed.ts";

const KEY = "ab".repeat(32);

test("a keyed hash has twelve digits, and depends on the key and on every byte", () => {
  const all = [
    keyedHash(KEY, "pin", "1234"),
    keyedHash("cd".repeat(32), "pin", "1234"),
    keyedHash(KEY, "pin", "1235"),
    keyedHash(KEY, "pim", "1234"),
  ];
  for (const hash of all) expect(hash).toMatch(/^[0-9a-f]{12}$/);
  expect(new Set(all).size).toBe(4);
});

test("parts that only join to the same text have different hashes", () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ minLength: 1 }), fc.string(), (a, b, c) => {
      expect(keyedHash(KEY, a + b, c)).not.toBe(keyedHash(KEY, a, b + c));
    }),
  );
});

test("bytes and their text have the same hash", () => {
  expect(keyedHash(KEY, "pin", Buffer.from("grün €\n"))).toBe(keyedHash(KEY, "pin", "grün €\n"));
});

test("a credential is long, and another for each use and each stack", () => {
  const all = [
    derived(KEY, "accessory/db/password"),
    derived(KEY, "accessory/cache/password"),
    derived("cd".repeat(32), "accessory/db/password"),
  ];
  for (const credential of all) expect(credential).toMatch(/^[0-9a-f]{64}$/);
  expect(new Set(all).size).toBe(3);
  expect(derived(KEY, "accessory/db/password")).toBe(all[0]);
});
