/** Which containers run with which secrets, and whether with today's values. Pure. */

/**
 * How the stack's settings file has a secret; `made`: Berth makes it, for an accessory; `unset`: nothing has it, and something runs with
 * it.
 */
export type Kept = "encrypted" | "program" | "plain" | "made" | "unset";

/** A container that runs with secrets, by its labels. */
export interface Running {
  readonly container: string;
  /** Its process: "web", a worker's name, or "canary". */
  readonly process: string;
  /** Keyed hash of each value. */
  readonly hashes: Readonly<Record<string, string>>;
  /** Names of the secrets that its process gets, where its release says so; all else. */
  readonly gets: readonly string[] | undefined;
  /** Names of those that Berth makes. */
  readonly made: readonly string[];
}

/** Today's value of a secret, as its keyed hash, or why it is not known. */
export type Today = { readonly hash: string } | { readonly unknown: string };

export interface Usage {
  readonly name: string;
  readonly kept: Kept;
  /** Processes that run with it. */
  readonly processes: readonly string[];
  /** Containers that run with today's value, and with another one; both empty where today's is not known. */
  readonly current: readonly string[];
  readonly old: readonly string[];
  /** Why today's value is not known. */
  readonly unknown?: string;
}

/** One entry for each secret that is set or that something runs with, by their names. */
export function usageOf(
  kept: Readonly<Record<string, Kept>>,
  today: Readonly<Record<string, Today>>,
  running: readonly Running[],
): Usage[] {
  const names = new Set([...Object.keys(kept), ...running.flatMap((each) => Object.keys(each.hashes).filter((name) => gets(each, name)))]);
  return [...names].sort().map((name) => {
    const users = running.filter((each) => gets(each, name));
    const value = today[name];
    const known = value && "hash" in value ? value.hash : undefined;
    const of = (chosen: (each: Running) => boolean) =>
      users
        .filter(chosen)
        .map(({ container }) => container)
        .sort();
    return {
      name,
      kept: kept[name] ?? (users.some(({ made }) => made.includes(name)) ? "made" : "unset"),
      processes: [...new Set(users.map(({ process }) => process))].sort(),
      current: known === undefined ? [] : of(({ hashes }) => hashes[name] === known),
      old: known === undefined ? [] : of(({ hashes }) => hashes[name] !== known),
      ...(value && "unknown" in value && { unknown: value.unknown }),
    };
  });
}

/** With `strategy: recreate` a container is labelled with all secrets of its release. */
const gets = ({ hashes, gets: own }: Running, name: string): boolean => name in hashes && (own?.includes(name) ?? true);

/** The process of a container by its name, which Pulumi has made of the stack's, the process and a number. */
export function processOf(container: string, project: string, stack: string): string {
  const place = container.replace(`${project}-${stack}-`, "").replace(/-\d+-[0-9a-f]{7}$/, "");
  return place === "canary-web" ? "canary" : place.replace(/^worker-/, "");
}

/** What of a secret stands in a settings file. */
export function keptAs(entry: unknown): Kept {
  if (typeof entry !== "object" || entry === null) return "plain";
  if ("command" in entry) return "program";
  return "secure" in entry || ("base64" in entry && keptAs(entry.base64) === "encrypted") ? "encrypted" : "plain";
}
