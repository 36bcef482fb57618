/** A rule over everything that a program declares. Pure. */
import type { Declared } from "../support/program.ts";

export interface Rule {
  readonly name: string;
  readonly why: string;
  /** What to do where it is broken. */
  readonly fix: string;
  /** Who breaks it, each in a few words. */
  readonly find: (resources: readonly Declared[]) => readonly string[];
}

/** One message for each that breaks a rule: who, what, why, and what to do. */
export const violations = (rule: Rule, resources: readonly Declared[]): string[] =>
  rule.find(resources).map((offender) => `${offender}: ${rule.name}. ${rule.why}. Fix: ${rule.fix}`);

export const CONTAINER = "docker:index/container:Container";
export const VOLUME = "docker:index/volume:Volume";
export const NETWORK = "docker:index/network:Network";
export const IMAGE = "docker:index/remoteImage:RemoteImage";
export const COMMAND = "command:local:Command";

export const ofType = (resources: readonly Declared[], type: string): Declared[] => resources.filter((resource) => resource.type === type);

/** A rule that each resource of a type keeps for itself. An exception names a part of Berth and has its reason. */
export function each(
  type: string,
  rule: Omit<Rule, "find"> & {
    readonly holds: (resource: Declared) => boolean;
    readonly except?: { readonly part: string; readonly because: string };
  },
): Rule {
  const { holds, except, ...about } = rule;
  return {
    ...about,
    find: (resources) =>
      ofType(resources, type)
        .filter((resource) => !holds(resource) && partOf(resource) !== (except?.part ?? "none"))
        .map(({ name }) => name),
  };
}

/** An input that is a list; empty where it is not given. */
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** What a resource is for, by its label. */
export function partOf({ inputs }: Declared): string | undefined {
  const labels = list(inputs["labels"]) as { label: string; value: string }[];
  return labels.find(({ label }) => label === "berth.part")?.value;
}
