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

/** The labels that Berth puts on what it makes. They stand on engines: another name for one would lose what is there. */
export const LABEL = {
  project: "berth.project",
  stack: "berth.stack",
  /** The app's name. What belongs to the default app has none. */
  app: "berth.app",
  /** What it is for; see `Part`. */
  part: "berth.part",
  /** The release that it belongs to. */
  release: "berth.release",
  /** The volume that it is, or is made for, by its name in the configuration. */
  volume: "berth.volume",
  /** What a container works on that belongs to backups, such as "drill". */
  doing: "berth.doing",
  /** Of a replica: the settings of its release as JSON, which is what a stranger has to know to serve from it. */
  settings: "berth.settings",
  /** Of a container: the keyed hash of each secret as JSON, which tells whether it runs today's values. */
  secrets: "berth.secrets",
} as const;

/** What a thing is for; the value of the label `berth.part`. */
export type Part =
  "image" | "gateway" | "web" | "worker" | "accessory" | "job" | "helper" | "snapshot" | "data" | "backup" | "secrets" | "lock";

/** What the engine matches the things of one part by. */
export const partIs = (part: Part): string => `${LABEL.part}=${part}`;

/** Labels by which Berth finds again what it made, and only that. */
export function labels(owner: Owner, part: Part, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    [LABEL.project]: owner.project,
    [LABEL.stack]: owner.stack,
    ...(owner.app && { [LABEL.app]: owner.app }),
    [LABEL.part]: part,
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
 * for a label that is not there: see `isOf`. @param more further ones, such as `partIs("web")`
 */
export const ownedBy = ({ project, stack, app }: Owner, ...more: readonly string[]): { readonly label: readonly string[] } => ({
  label: [`${LABEL.project}=${project}`, `${LABEL.stack}=${stack}`, ...(app ? [`${LABEL.app}=${app}`] : []), ...more],
});

/** Whether a thing of the owner's stack is this app's own, and no other app's. */
export const isOf =
  ({ app }: Owner) =>
  ({ Labels }: { readonly Labels: Readonly<Record<string, string>> | null }): boolean =>
    (Labels?.[LABEL.app] || undefined) === (app || undefined);
