/** The steps of an update at which something goes wrong. */

/** In the order of an update; `idle` is between two updates. */
export const STEPS = ["idle", "start", "build", "create", "gate", "drain", "bake", "delete"] as const;
export type Step = (typeof STEPS)[number];

/** What each step is, for a person. */
export const MEANING: Readonly<Record<Step, string>> = {
  idle: "between two updates",
  start: "Pulumi begins, its program starts",
  build: "the image is being built",
  create: "the new replicas are being made",
  gate: "the new replicas are being probed",
  drain: "the new release has the traffic, the old one still answers an open request",
  bake: "the new release has the traffic and is being watched",
  delete: "the old replicas are being deleted",
};

/** Line of Pulumi's output with which the step begins, or after which the new release has to answer first. */
const BEGINS: Readonly<Record<Exclude<Step, "idle">, RegExp>> = {
  start: /^Updating \(/,
  build: /-image-build creating/,
  create: /-web-\d+ creating/,
  gate: /-gate-probe (updating|creating)/,
  drain: /-route-switch updating/,
  bake: /-route-switch updating/,
  delete: /-web-\d+ deleting/,
};

export const begins = (step: Exclude<Step, "idle">): RegExp => BEGINS[step];

/** Steps that begin once the new release answers. */
export const afterSwitch = (step: Step): boolean => step === "drain" || step === "bake";
