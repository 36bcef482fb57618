/** Entries of Pulumi's record for what is there already, made from a preview that would create it. Pure. */
import { UNKNOWN } from "../../stack/events.ts";
import { CONTAINER, containerOf, matchOf } from "./match.ts";
import type { Things } from "./things.ts";

type Values = Readonly<Record<string, unknown>>;

/** An entry of Pulumi's record, as `pulumi stack export` has it. */
export interface Resource {
  readonly urn: string;
  readonly type: string;
  /** False for a component. */
  readonly custom: boolean;
  readonly id?: string;
  readonly inputs?: Values;
  readonly outputs?: Values;
  readonly parent?: string;
  readonly provider?: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[]>>;
}

/** What a preview of a stack says: `pulumi preview --json`, and the plan that it saves, which has the secrets in cipher. */
export interface Preview {
  readonly steps: readonly { readonly op: string; readonly urn: string; readonly newState?: Resource }[];
  readonly plan: Readonly<
    Record<
      string,
      {
        readonly goal?: { readonly inputDiff?: { readonly adds?: Values }; readonly outputDiff?: { readonly adds?: Values } };
        readonly state?: Values;
      }
    >
  >;
}

/** What a step of Berth printed when it was made, as far as others need it. */
export interface Said {
  /** The stack's key; undefined where nobody knows it. */
  readonly key: string | undefined;
  /** What a job prints at its end. */
  readonly job: string;
}

const SECRET = "4dabf18193072939515e22adb298388d";

/** A secret in the clear, which `pulumi stack import` encrypts. */
export const secret = (value: unknown) => ({ [SECRET]: "1b47061264138c4ac30d75fd1eb44270", plaintext: JSON.stringify(value) });

/** Whether a value, or a part of it, is one that only an update would know. */
export const isUnknown = (value: unknown): boolean => JSON.stringify(value ?? null).includes(UNKNOWN);

/**
 * The entries for all that the preview would create, and that is there. What depends on something that is not in the record yet
 * waits for another preview, which will know the names. @param known what is in the record already
 */
export function adoptable(
  { steps, plan }: Preview,
  known: readonly Resource[],
  things: Things,
  said: Said,
  id: (name: string) => string,
): Resource[] {
  const providers = Object.entries(plan).flatMap(([urn, { goal, state }]) => {
    const type = urn.split("::")[2] ?? "";
    const there = known.find((resource) => resource.urn === urn);
    return type.startsWith("pulumi:providers:")
      ? [there ?? { urn, type, custom: true, id: id(""), inputs: goal?.inputDiff?.adds ?? {}, outputs: state ?? {} }]
      : [];
  });
  const there = new Set(known.map(({ urn }) => urn));
  const created = steps.flatMap(({ op, newState }) => (op === "create" && newState && !there.has(newState.urn) ? [newState] : []));
  const made = created.flatMap((declared): Resource[] => {
    if (!declared.custom) return [bare(declared)];
    if (
      !Object.values(declared.propertyDependencies ?? {})
        .flat()
        .every((urn) => there.has(urn))
    )
      return [];
    const provider = providers.find(({ urn }) => declared.provider?.startsWith(`${urn}::`));
    const inputs = { ...declared.inputs, ...plan[declared.urn]?.goal?.inputDiff?.adds };
    const match =
      declared.type === "command:local:Command"
        ? ran({ ...declared, inputs }, created, things, said, id)
        : found({ ...declared, inputs }, things);
    return match ? [{ ...bare(declared), ...match, ...(provider && { provider: `${provider.urn}::${provider.id}` }) }] : [];
  });
  return [...providers.filter(({ urn }) => !there.has(urn)), ...made];
}

/** Without what only a person who looks for faults in the program wants to know. */
function bare(declared: Resource): Resource {
  const { stackTrace: _, sourcePosition: __, ...rest } = declared as Resource & { stackTrace?: unknown; sourcePosition?: unknown };
  return rest;
}

function found(declared: Resource & { inputs: Values }, things: Things): Pick<Resource, "id" | "inputs" | "outputs"> | undefined {
  const match = matchOf(declared, things);
  if (!match) return undefined;
  const inputs = { ...declared.inputs, name: match.name };
  return { id: match.id, inputs, outputs: inputs };
}

/** A step that has run: its id is of no use to anybody, what it printed may be. */
function ran(
  declared: Resource & { inputs: Values },
  created: readonly Resource[],
  things: Things,
  { key, job }: Said,
  id: (name: string) => string,
): Pick<Resource, "id" | "inputs" | "outputs"> | undefined {
  const { urn, inputs } = declared;
  const printed: Readonly<Record<string, unknown>> = {
    "node steps/key.ts": key && secret(key),
    "node steps/secrets.ts": secretVolume(urn, created, things),
    "node steps/job.ts": job,
    "node steps/gate.ts": job,
  };
  const create = String(inputs["create"]);
  const stdout = create in printed ? printed[create] : "";
  return stdout === undefined ? undefined : { id: id(urn.split("::").at(-1) ?? ""), inputs, outputs: { ...inputs, stdout, stderr: "" } };
}

/** The volume that a step has filled: the one that is mounted where a container declares it. */
function secretVolume(step: string, created: readonly Resource[], things: Things): string | undefined {
  const user = created.find(({ type, propertyDependencies }) => type === CONTAINER && propertyDependencies?.["mounts"]?.includes(step));
  const mounts = (user?.inputs?.["mounts"] ?? []) as { source: string; target: string }[];
  const target = mounts.find(({ source }) => source === UNKNOWN)?.target;
  return user && target ? containerOf({ urn: user.urn, inputs: user.inputs ?? {} }, things)?.volumes[target] : undefined;
}

/** Each after what it needs, as Pulumi wants its record; what is not in it is named by nobody. */
export function ordered(resources: readonly Resource[]): Resource[] {
  const all = new Map(resources.map((resource) => [resource.urn, resource]));
  const done = new Map<string, Resource>();
  const add = (resource: Resource): void => {
    if (done.has(resource.urn)) return;
    const dependencies = resource.dependencies?.filter((urn) => all.has(urn));
    const needs = [resource.parent, resource.provider?.replace(/::[^:]*$/, ""), ...(dependencies ?? [])];
    for (const urn of needs) if (urn && all.has(urn)) add(all.get(urn) as Resource);
    done.set(resource.urn, { ...resource, ...(dependencies && { dependencies }) });
  };
  resources.forEach(add);
  return [...done.values()];
}
