/** Configuration, settings and releases for tests, made by the real reader so that they cannot drift from it. */
import type { Release } from "../../release/ledger.ts";
import type { Owner } from "../../release/labels.ts";
import { parseSettings, type RawValue, type ReleaseSettings, type Settings } from "../../settings/settings.ts";

export const OWNER: Owner = { project: "berth", stack: "dev" };

/** Keys (without "berth:") and their values as one would write them in a stack file. */
export type Config = Readonly<Record<string, unknown>>;

/** Configuration as Pulumi hands it over: text as it is, all else as JSON. `secrets`, `tls` and `backups` are encrypted unless said. */
export function raw(config: Config, secretKeys: readonly string[] = ["secrets", "tls", "backups"]): Record<string, RawValue> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      { text: typeof value === "string" ? value : JSON.stringify(value), secret: secretKeys.includes(key) },
    ]),
  );
}

export const settingsOf = (config: Config = {}, stack = "dev"): Settings => parseSettings(raw(config), stack);

/** Settings that a release carries: the defaults of `dev`, but for what is given. */
export const carried = (changes: Partial<ReleaseSettings> = {}): ReleaseSettings => ({ ...settingsOf().next, ...changes });

/** A release that was live before, but for what is given. */
export const releaseOf = (changes: Partial<Release> = {}): Release => ({
  name: "3f9a1c2b7d4e",
  image: "sha256:1111",
  settings: carried(),
  secrets: [],
  commit: "0123456789ab",
  author: "Ada",
  time: "2026-01-02T03:04:05.000Z",
  ...changes,
});
