/** Whose things these are: the stack that made them, told by labels on the engine. Pure. */

/** The stack that owns a container, image, network or volume. */
export interface Owner {
  readonly project: string;
  readonly stack: string;
}

/** What a thing is for; the value of the label `berth.part`. */
export type Part = "image" | "gateway" | "web" | "worker" | "accessory" | "job" | "helper" | "snapshot" | "data" | "backup" | "secrets" | "lock";

/** Label of a replica with the settings of its release as JSON: what a stranger has to know to serve from it. */
export const SETTINGS_LABEL = "berth.settings";

/** Label of a container with the keyed hash of each secret as JSON: whether it runs today's values. */
export const SECRETS_LABEL = "berth.secrets";

/** Labels by which Berth finds again what it made, and only that. */
export function labels(owner: Owner, part: Part, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { "berth.project": owner.project, "berth.stack": owner.stack, "berth.part": part, ...more };
}

/** Labels in the list form that containers, networks and volumes take. */
export const labelList = (all: Readonly<Record<string, string>>): { label: string; value: string }[] =>
  Object.entries(all).map(([label, value]) => ({ label, value }));

/** What the engine matches one stack's things by. @param more further labels, such as "berth.part=web" */
export const ownedBy = ({ project, stack }: Owner, ...more: readonly string[]): { readonly label: readonly string[] } => ({ label: [`berth.project=${project}`, `berth.stack=${stack}`, ...more] });
