/** Steps of a release that need a wait or a loop: small programs in `steps/` that Pulumi runs as commands. */
import { join, relative } from "node:path";
import type { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { GateInput } from "../steps/gate.ts";
import type { JobInput } from "../steps/job.ts";
import type { PruneInput } from "../steps/prune.ts";
import type { ReadyInput } from "../steps/ready.ts";
import type { RecordInput } from "../steps/record.ts";
import type { RouteInput } from "../steps/switch.ts";
import type { SecretsInput } from "../steps/secrets.ts";
import type { SeedInput } from "../steps/seed.ts";
import { canonicalJson } from "../release/canonicalJson.ts";
import { engineEnvironment } from "../engine/address.ts";
import type { Owner } from "../release/labels.ts";
import { quoted } from "../settings/commands.ts";

/** What each program in `steps/` is given. */
export interface StepInputs {
  gate: GateInput;
  job: JobInput;
  prune: PruneInput;
  ready: ReadyInput;
  record: RecordInput;
  route: RouteInput;
  secrets: SecretsInput;
  seed: SeedInput;
}

/** An object whose values may not be known before the update. */
export type Inputs<T> = { readonly [K in keyof T]: pulumi.Input<T[K]> };

/** Where the steps are, from the folder of the program: relative, so that two checkouts declare the same. */
const STEPS = relative(process.cwd(), join(import.meta.dirname, "..", "steps"));

/** The command that runs `steps/<name>.ts`. */
export const stepCommand = (name: string): string => `node ${quoted(`${STEPS}/${name}.ts`)}`;

/** Has all steps below a component work on this engine. @param host see `engineEnvironment` */
export const onEngine =
  (host?: string): pulumi.ResourceTransformation =>
  ({ type, props, opts }) => {
    const { environment } = props as { readonly environment?: object };
    const isStep = type === "command:local:Command" && environment !== undefined; // the one that makes a key asks no engine
    return isStep ? { props: { ...(props as object), environment: { ...environment, ...engineEnvironment(host) } }, opts } : undefined;
  };

/** Whose things a step works on, for a step whose name and variables stand in the records of stacks. */
export const ownerVariables = ({ project, stack, app }: Owner): Record<string, string> => ({
  PROJECT: project,
  STACK: stack,
  ...(app && { APP: app }),
});

/**
 * Command that runs `steps/<verb>.ts` when it is made and again whenever its input changes. The input goes by the
 * environment, so that no value is ever part of a command line or of an error message.
 * @param more variables for what else the command does, such as `delete`
 */
export function stepArgs<Verb extends keyof StepInputs>(
  verb: Verb,
  input: Inputs<StepInputs[Verb]>,
  more: Readonly<Record<string, string>> = {},
): local.CommandArgs {
  return {
    create: stepCommand(verb),
    environment: {
      BERTH_INPUT: pulumi.output(input).apply(canonicalJson),
      ...more,
    },
    logging: "stdout", // a failure's words come by stderr, which is part of the error: once is enough
  };
}
