/** What is made with a stack's key: hashes that nobody can try guesses against, and credentials. Pure. */
import { createHmac } from "node:crypto";

/** Hex digits of a keyed hash: as many as of a release's name. */
const HASH_DIGITS = 12;

/** Hash of these parts, equal for equal parts. Without the key it tells nothing of them, so it may stand in a label. */
export function keyedHash(key: string, ...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHmac("sha256", key);
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part); // led by its length: "a", "bc" is not "ab", "c"
  return hash.digest("hex").slice(0, HASH_DIGITS);
}

/**
 * A credential of 64 hex digits that is the same as long as the stack's key is.
 * @param what what it is for, such as "accessory/database/password"
 */
export const derived = (key: string, what: string): string => createHmac("sha256", key).update(what).digest("hex");
