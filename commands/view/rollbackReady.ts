/** Whether `npm run rollback` would find what it needs. */
import type { Release } from "../../release/ledger.ts";
import type { Outputs } from "../../stack/stack.ts";

export type RollbackReady = { readonly ready: true; readonly release: string } | { readonly ready: false; readonly why: string };

/** @param hasImage whether the engine has the image of this release. Pure but for that question. */
export async function rollbackReady(
  { release: live, releases, secrets }: Pick<Outputs, "release" | "releases" | "secrets">,
  hasImage: (release: Release) => Promise<boolean>,
): Promise<RollbackReady> {
  const earlier = releases.find(({ name }) => name !== live);
  if (!earlier) return { ready: false, why: `there is no earlier release: ${live} is the first one` };
  const { name } = earlier;
  const unreadable = whatIsMissing(earlier);
  if (unreadable)
    return { ready: false, why: `release ${name} has no ${unreadable} in the ledger: it was made by another version of Berth` };
  const unset =
    Array.isArray(earlier.secrets) && secrets ? (earlier.secrets as string[]).filter((secret) => !secrets.includes(secret)) : [];
  if (unset.length > 0) return { ready: false, why: `release ${name} needs the secret ${unset.join(" and ")}, which is not set any more` };
  if (!(await hasImage(earlier))) return { ready: false, why: `the image of release ${name} is no longer on the engine` };
  return { ready: true, release: name };
}

/** The settings without which no replica can be made. */
function whatIsMissing({ settings }: Release): string | undefined {
  const { replicas, containerPort, health, resources, env, volumes, binds, strategy, user } = (settings ?? {}) as Partial<
    Release["settings"]
  >;
  const all = { replicas, containerPort, health, resources, env, volumes, binds, strategy, user };
  return Object.entries(all).find(([, value]) => value === undefined || value === null)?.[0];
}
