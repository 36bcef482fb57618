/** Whose things these are: the stack that made them, told by labels on the engine. Pure. */

/** The stack that owns a container, image, network or volume. */
export interface Owner {
  readonly project: string;
  readonly stack: string;
}

/** What a thing is for; the value of the label `berth.part`. */
export type Part = "image" | "gateway" | "web" | "worker" | "accessory" | "job" | "helper" | "snapshot" | "data" | "backup" | "secrets";

/** Label of a replica with the settings of its release as JSON: what a stranger has to know to serve from it. */
export const SETTINGS_LABEL = "berth.settings";

/** Label of a container with the keyed hash of each secret as JSON: whether it runs today's values. */
export const SECRETS_LABEL = "berth.secrets";

/** Labels by which Berth finds again what it made, and only that. */
export function labels(owner: Owner, part: Part, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { "berth.project": owner.project, "berth.stack": owner.stack, "berth.part": part, ...more };
}

/** Labels as words of `docker`. */
export const wordsOf = (all: Readonly<Record<string, string>>): string[] => Object.entries(all).flatMap(([label, value]) => ["--label", `${label}=${value}`]);

/** The labels of something that Berth makes, as words of `docker`. */
export const labelWords = (owner: Owner, part: Part, more: Readonly<Record<string, string>> = {}): string[] => wordsOf(labels(owner, part, more));

/** Labels in the list form that containers, networks and volumes take. */
export const labelList = (all: Readonly<Record<string, string>>): { label: string; value: string }[] =>
  Object.entries(all).map(([label, value]) => ({ label, value }));

/** The `docker … --filter` words that match one stack's things. */
export const ownedBy = (owner: Owner): string[] => [
  "--filter", `label=berth.project=${owner.project}`,
  "--filter", `label=berth.stack=${owner.stack}`,
];
