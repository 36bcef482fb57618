/** Whose things these are: the stack that made them, told by labels on the engine. Pure. */

/** The stack that owns a container, image, network or volume. */
export interface Owner {
  readonly project: string;
  readonly stack: string;
  /**
   * Where a stack has several apps: which one, at most 31 of a-z, 0-9 and -, led by a letter. Default: the one app of a stack that has no
   * other.
   */
  readonly app?: string | undefined;
}

/** Label with the app's name. What belongs to the default app has none. */
export const APP_LABEL = "berth.app";

/** What a thing is for; the value of the label `berth.part`. */
export type Part =
  "image" | "gateway" | "web" | "worker" | "accessory" | "job" | "helper" | "snapshot" | "data" | "backup" | "secrets" | "lock";

/** Label of a replica with the settings of its release as JSON: what a stranger has to know to serve from it. */
export const SETTINGS_LABEL = "berth.settings";

/** Label of a container with the keyed hash of each secret as JSON: whether it runs today's values. */
export const SECRETS_LABEL = "berth.secrets";

/** Labels by which Berth finds again what it made, and only that. */
export function labels(owner: Owner, part: Part, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    "berth.project": owner.project,
    "berth.stack": owner.stack,
    ...(owner.app && { [APP_LABEL]: owner.app }),
    "berth.part": part,
    ...more,
  };
}

/** Labels in the list form that containers, networks and volumes take. */
export const labelList = (all: Readonly<Record<string, string>>): { label: string; value: string }[] =>
  Object.entries(all).map(([label, value]) => ({ label, value }));

/** What the names of an owner's things begin with. */
export const stem = ({ project, stack, app }: Owner): string => [project, stack, ...(app ? [app] : [])].join("-");

/**
 * What the engine matches an owner's things by. Without an app it matches those of all apps of the stack, for the engine cannot ask
 * for a label that is not there: see `isOf`. @param more further labels, such as "berth.part=web"
 */
export const ownedBy = ({ project, stack, app }: Owner, ...more: readonly string[]): { readonly label: readonly string[] } => ({
  label: [`berth.project=${project}`, `berth.stack=${stack}`, ...(app ? [`${APP_LABEL}=${app}`] : []), ...more],
});

/** Whether a thing of the owner's stack is this app's own, and no other app's. */
export const isOf =
  ({ app }: Owner) =>
  ({ Labels }: { readonly Labels: Readonly<Record<string, string>> | null }): boolean =>
    (Labels?.[APP_LABEL] || undefined) === (app || undefined);
