/** Order of the test files: those that take longest first, so that no worker is left alone with one at the end. */
import { basename } from "node:path";

/** By their times on two processors; the rest takes less. */
const LONG = [
  "releases",
  "life",
  "backups",
  "chaos",
  "secrets",
  "lostState",
  "interruptions",
  "twoTerminals",
  "oldStack",
  "twoApps",
  "database",
  "images",
  "canary",
];

const rank = ({ path }) => (LONG.indexOf(basename(path, ".test.ts")) + LONG.length + 1) % (LONG.length + 1);

export default class LongestFirst {
  sort(tests) {
    return [...tests].sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
  }

  /** Jest would keep the times of this run, which a fresh checkout has not. */
  cacheResults() {}
}
