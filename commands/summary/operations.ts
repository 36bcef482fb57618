/** What an update would do, out of the event log of its preview. Pure. */
import type { Release } from "../../release/ledger.ts";
import { type EngineEvent, type ResourceState, type Step, UNKNOWN } from "../../stack/events.ts";
import { LABEL } from "../../release/labels.ts";

/** One thing that the update makes, changes or removes. */
export interface Operation {
  readonly action: "create" | "update" | "delete";
  /** Whether it takes the place of another one, or makes room for one. */
  readonly replacing: boolean;
  /** Berth's component that it belongs to, such as "Replicas"; "" where it belongs to none. */
  readonly part: string;
  /** Whether it belongs to a release that is tried beside the live one. */
  readonly canary: boolean;
  /** What it is, such as "Container". */
  readonly kind: string;
  readonly name: string;
  /** Inputs it has now. */
  readonly before: Readonly<Record<string, unknown>>;
  /** Inputs it gets. */
  readonly after: Readonly<Record<string, unknown>>;
  /** What it said of itself when it was made or changed last. */
  readonly said: Readonly<Record<string, unknown>>;
}

/** The outputs of `index.ts`, as far as a preview knows them. */
export interface StackOutputs {
  readonly release?: string;
  readonly releases?: readonly Release[];
  readonly dataVolumes?: readonly string[];
  readonly canary?: { readonly release: string };
}

/** A preview, as far as the summary needs it. */
export interface Changes {
  readonly stack: string;
  readonly operations: readonly Operation[];
  /** Names of the data volumes that stay as they are, in the configuration's words. */
  readonly untouched: readonly string[];
  readonly now: StackOutputs;
  readonly then: StackOutputs;
  readonly config: Readonly<Record<string, string>>;
}

const ACTIONS: Readonly<Record<string, Operation["action"]>> = {
  create: "create",
  "create-replacement": "create",
  update: "update",
  delete: "delete",
  "delete-replaced": "delete",
};

/** Reads the changes out of the events of one preview. */
export function changesOf(stack: string, events: readonly EngineEvent[]): Changes {
  const steps = events.flatMap(({ resourcePreEvent }) => (resourcePreEvent ? [resourcePreEvent.metadata] : []));
  const ends = events.flatMap(({ resOutputsEvent }) =>
    resOutputsEvent?.metadata.type === "pulumi:pulumi:Stack" ? [resOutputsEvent.metadata] : [],
  );
  const last = ends.at(-1);
  return {
    stack,
    operations: steps.filter(isOwn).flatMap((step) => operationOf(step) ?? []),
    untouched: steps.flatMap((step) => (step.op === "same" && step.new ? (labelOf(step.new.inputs, LABEL.volume) ?? []) : [])),
    now: last?.old?.outputs ?? {},
    then: last?.new?.outputs ?? {},
    config: events.find(({ preludeEvent }) => preludeEvent)?.preludeEvent?.config ?? {},
  };
}

/** Components and providers are Pulumi's bookkeeping. */
const isOwn = ({ type }: Step): boolean => !/^(pulumi|berth):/.test(type);

function operationOf({ op, urn, type, old, new: next }: Step): Operation | undefined {
  const action = ACTIONS[op];
  if (!action) return undefined;
  const inputs = (state: ResourceState | null) => state?.inputs ?? {};
  const [before, after] = action === "delete" ? [inputs(old ?? next), {}] : [inputs(old), inputs(next)];
  return {
    action,
    replacing: op.includes("replace"),
    part: partOf(urn),
    canary: urn.includes("berth:index:Canary$"),
    kind: type.split(":").at(-1) ?? type,
    name: nameOf(urn),
    before,
    after,
    said: old?.outputs ?? {},
  };
}

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? urn;

/** The innermost of Berth's components in a resource's chain of parents. */
const partOf = (urn: string): string => [...(urn.split("::")[2] ?? "").matchAll(/berth:index:(\w+)/g)].at(-1)?.[1] ?? "";

/** A label of a container or volume. */
export const labelOf = (inputs: Operation["after"], name: string): string | undefined =>
  ((inputs["labels"] ?? []) as { label: string; value: string }[]).find(({ label }) => label === name)?.value;

/** The input of a step of Berth; undefined where the preview cannot know it yet. */
export function stepInput<Input>(inputs: Operation["after"]): Partial<Input> | undefined {
  const text = (inputs["environment"] as Record<string, unknown> | undefined)?.["BERTH_INPUT"];
  return typeof text === "string" && text !== UNKNOWN ? (JSON.parse(text) as Partial<Input>) : undefined;
}
