/** Which thing on the engine a declared resource is. Pure. */
import type { ContainerThing, Thing, Things } from "./things.ts";

export const CONTAINER = "docker:index/container:Container";
const NETWORK = "docker:index/network:Network";
const VOLUME = "docker:index/volume:Volume";
const IMAGE = "docker:index/remoteImage:RemoteImage";

type Inputs = Readonly<Record<string, unknown>>;

/** A resource as a preview declares it. */
export interface Declaration {
  readonly urn: string;
  readonly type: string;
  readonly inputs: Inputs;
}

export interface Match {
  /** As Pulumi's record has it. */
  readonly id: string;
  readonly name: string;
}

/** The engine's thing; undefined where there is none, or the type is none of the engine's. */
export function matchOf({ urn, type, inputs }: Declaration, things: Things): Match | undefined {
  if (type === IMAGE) {
    const name = String(inputs["name"]);
    const id = things.images[name];
    return id === undefined ? undefined : { id: id + name, name };
  }
  const all = { [CONTAINER]: things.containers, [NETWORK]: things.networks, [VOLUME]: things.volumes }[type] ?? [];
  return best(urn, inputs, all);
}

/** The container of a declaration, whatever of its inputs is not known yet. */
export const containerOf = ({ urn, inputs }: Pick<Declaration, "urn" | "inputs">, { containers }: Things): ContainerThing | undefined =>
  best(urn, inputs, containers);

/** Pulumi names what it makes after the resource, with seven digits at the end. */
export const resourceNameIn = (name: string): string => name.replace(/-[0-9a-f]{7}$/, "");

/** What serves goes first. */
function best<T extends Thing>(urn: string, inputs: Inputs, things: readonly T[]): T | undefined {
  const auto = ((inputs["__defaults"] ?? []) as string[]).includes("name");
  const wanted = auto ? (urn.split("::").at(-1) ?? "") : inputs["name"];
  const labels = (inputs["labels"] ?? []) as { label: string; value: string }[];
  const fits = things.filter(
    ({ name, labels: own }) => (auto ? resourceNameIn(name) : name) === wanted && labels.every(({ label, value }) => own[label] === value),
  );
  return fits.find(({ serves }) => serves) ?? fits[0];
}
