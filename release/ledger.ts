/** The release ledger: every release that went live, newest first, kept in the stack output `releases`. */
import { contentOf } from "./imageName.ts";
import { isDeepStrictEqual } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import type { ReleaseSettings, Settings } from "../settings/settings.ts";
import type { AccessoryRecord } from "./accessoryRecord.ts";

/** One release, whole enough to be brought back as it was. */
export interface Release {
  /** Its content hash, with "-2", "-3", … where the same image went live with other settings. */
  readonly name: string;
  /** The image's id on the engine; missing in a release that is not built yet. */
  readonly image?: string;
  readonly settings: ReleaseSettings;
  /** Names of its secrets. Their values belong to the stack: a release that is brought back gets today's. */
  readonly secrets: readonly string[];
  /** Git commit it was built from, with "+" where files were changed since. */
  readonly commit?: string;
  readonly author?: string;
  /** When it went live last, in ISO 8601. */
  readonly time: string;
}

/** Where a release comes from: known only when it is made. */
export type Origin = Pick<Release, "commit" | "author" | "time">;

/** What the last successful update of this stack left to know. */
export interface Past {
  /** Releases that went live, newest first. */
  readonly releases: readonly Release[];
  /** Names of all data volumes that were ever declared, in the configuration's words. */
  readonly dataVolumes: readonly string[];
  /** What wrote the data of each accessory that there ever was. */
  readonly accessories: Readonly<Record<string, AccessoryRecord>>;
  /** The stack's key; undefined before the first. */
  readonly key?: string | undefined;
}

/** Settings that releases of an earlier Berth do not have in the ledger. */
const LATER_SETTINGS = { workers: [] };

/**
 * Reads what the last successful update of this stack wrote; empty before the first.
 * @param app whose outputs the program returns under its name. Default: the stack's own
 */
export async function readPast(app?: string): Promise<Past> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const stack = new pulumi.StackReference(app ? `${name}/${app}` : name, { name });
  const read = async (output: string): Promise<unknown> => {
    const details = await stack.getOutputDetails(output);
    return details.secretValue ?? details.value;
  };
  const {
    releases = [],
    dataVolumes = [],
    accessories = {},
    key,
  } = (app ? ((await read(app)) ?? {}) : await together(read)) as Partial<Past>;
  return {
    releases: releases.map((release) => ({
      ...release,
      settings: { ...LATER_SETTINGS, ...release.settings },
      // An earlier Berth kept the values, too
      secrets: Array.isArray(release.secrets) ? release.secrets : Object.keys(release.secrets).sort(),
    })),
    dataVolumes,
    accessories,
    key,
  };
}

const PAST = ["releases", "dataVolumes", "accessories", "key"] as const;
const together = async (read: (output: string) => Promise<unknown>): Promise<Record<string, unknown>> =>
  Object.fromEntries(await Promise.all(PAST.map(async (output) => [output, await read(output)] as const)));

/** The release that the configuration pins by name. @throws RunError naming the known ones. */
export function findRelease(ledger: readonly Release[], name: string): Release {
  const release = ledger.find((entry) => entry.name === name);
  if (release) return release;
  const known = ledger.map((entry) => entry.name).join(", ") || "none yet";
  throw new pulumi.RunError(
    `berth:release is "${name}", which is not in the ledger (known: ${known}). See npm run releases, or build again: pulumi config rm berth:release`,
  );
}

/** The release that stays live beside a canary. @throws RunError before the first one */
export function liveRelease([live]: readonly Release[]): Release {
  if (live) return live;
  throw new pulumi.RunError(
    "berth:canary tries a release beside the live one, and nothing is live yet: pulumi config rm berth:canary, and run the update again",
  );
}

/**
 * The release that this content and these settings make. One that went live before keeps its name;
 * the same image with other settings gets the next number.
 */
export function nextRelease(ledger: readonly Release[], content: string, settings: Settings, origin: Origin): Release {
  const carried = { settings: settings.next, secrets: namesFor(settings) };
  const siblings = ledger.filter((entry) => contentOf(entry.name) === content);
  const same = siblings.find((entry) => isDeepStrictEqual({ settings: entry.settings, secrets: entry.secrets }, carried));
  if (same) return { ...same, ...origin };
  const last = Math.max(0, ...siblings.map((entry) => Number(entry.name.split("-")[1] ?? 1)));
  return { name: last === 0 ? content : `${content}-${last + 1}`, ...carried, ...origin };
}

/** Names of the secrets of the next release: one for the build is none of them, unless a process is to get it as well. */
function namesFor({ secrets, build, next }: Settings): string[] {
  const wanted = Object.values(next.secretsFor ?? {}).flat();
  return Object.keys(secrets)
    .filter((name) => !build.secrets?.includes(name) || wanted.includes(name))
    .sort();
}

/** The ledger after `release` went live: it on top, each name once, at most `keep` earlier ones. */
export function enter(ledger: readonly Release[], release: Release, keep: number): Release[] {
  const [live] = ledger;
  const entry = live?.name === release.name ? { ...live, ...(release.image && { image: release.image }) } : release;
  return [entry, ...ledger.filter(({ name }) => name !== release.name)].slice(0, keep + 1);
}
