/** What a stack has on the engine by Pulumi's own record: the output of `pulumi stack export`. Pure. */
import type { Route } from "../release/route.ts";
import { hasLongOutputs } from "./longOutputs.ts";
import { LABEL } from "../release/labels.ts";

export interface DeclaredContainer {
  readonly urn: string;
  /** The engine's id of it. */
  readonly id: string;
  readonly name: string;
  /** What it is for, as its label says; see `release/labels.ts`. */
  readonly part: string;
  readonly release: string;
  readonly image: string;
  /** `NAME=value`; what the image brings along is not in it. */
  readonly env: readonly string[];
  /** Bytes. */
  readonly memory: number;
  readonly cpus: number;
  /** Limit of processes; undefined where none is recorded. */
  readonly pids: number | undefined;
  readonly network: string;
  /** It was replaced, and goes at the end of the next update that succeeds. */
  readonly retiring: boolean;
}

export interface DeclaredNetwork {
  readonly urn: string;
  readonly id: string;
  readonly name: string;
  readonly retiring: boolean;
}

export interface DeclaredVolume {
  readonly urn: string;
  readonly name: string;
  /** What it is for, as its label says; see `release/labels.ts`. */
  readonly part: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface DeclaredRoute {
  readonly urn: string;
  readonly input: Route;
}

export interface Declared {
  readonly containers: readonly DeclaredContainer[];
  readonly networks: readonly DeclaredNetwork[];
  readonly volumes: readonly DeclaredVolume[];
  /** The last switch that succeeded; undefined where nothing was ever live. */
  readonly route: DeclaredRoute | undefined;
  /** Whether a command has printed more than a program can be given; see `longOutputs.ts`. */
  readonly hasLongOutputs: boolean;
  /** What an update was doing when it was killed. */
  readonly pending: number;
  /** Whether the record is without any entry, Pulumi's own included: no update has ever begun, or the record is lost. */
  readonly empty: boolean;
  /** The program's outputs, secrets in cipher. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

type Label = { readonly label: string; readonly value: string };

interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly delete?: boolean;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

const STACK = "pulumi:pulumi:Stack";
const CONTAINER = "docker:index/container:Container";
const NETWORK = "docker:index/network:Network";
const VOLUME = "docker:index/volume:Volume";
const COMMAND = "command:local:Command";
const MEBIBYTE = 1024 ** 2;

/** @throws SyntaxError where the text is no export */
export function readDeclared(exported: string): Declared {
  const { deployment } = JSON.parse(exported) as {
    deployment?: { resources?: readonly Resource[]; pending_operations?: readonly unknown[] };
  };
  const resources = deployment?.resources ?? [];
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  const commands = ofType(COMMAND);
  const pids = pidsLimits(commands);
  return {
    containers: ofType(CONTAINER).map((resource) => containerOf(resource, pids)),
    networks: ofType(NETWORK).map(({ urn, id = "", inputs, delete: retiring = false }) => ({
      urn,
      id,
      name: text(inputs?.["name"]),
      retiring,
    })),
    volumes: [...ofType(VOLUME).map(volumeOf), ...commands.flatMap(secretVolumeOf)],
    route: commands.flatMap(routeOf)[0],
    hasLongOutputs: hasLongOutputs(exported),
    pending: deployment?.pending_operations?.length ?? 0,
    empty: resources.length + (deployment?.pending_operations?.length ?? 0) === 0,
    outputs: ofType(STACK)[0]?.outputs ?? {},
  };
}

function containerOf(
  { urn, id = "", inputs = {}, delete: retiring = false }: Resource,
  pids: ReadonlyMap<string, number>,
): DeclaredContainer {
  const labels = labelsOf(inputs);
  const name = text(inputs["name"]);
  return {
    urn,
    id,
    name,
    part: labels[LABEL.part] ?? "",
    release: labels[LABEL.release] ?? "",
    image: text(inputs["image"]),
    env: (inputs["envs"] ?? []) as string[],
    memory: Number(inputs["memory"] ?? 0) * MEBIBYTE,
    cpus: Number(inputs["cpus"] ?? 0),
    pids: pids.get(name),
    network: (inputs["networksAdvanced"] as { name: string }[] | undefined)?.[0]?.name ?? "",
    retiring,
  };
}

/** The limit of processes is no input of a container: a command sets it. */
function pidsLimits(commands: readonly Resource[]): Map<string, number> {
  const limits = new Map<string, number>();
  for (const { CONTAINERS, PIDS } of commands.map(environmentOf)) {
    if (CONTAINERS && PIDS) for (const name of CONTAINERS.split(" ")) limits.set(name, Number(PIDS));
  }
  return limits;
}

const volumeOf = ({ urn, inputs = {} }: Resource): DeclaredVolume => {
  const labels = labelsOf(inputs);
  return { urn, name: text(inputs["name"]), part: labels[LABEL.part] ?? "", labels };
};

/** Whether a command runs this step, wherever the program has Berth's steps: see `stepCommand`. */
const runs = (step: string, inputs: Resource["inputs"]): boolean =>
  new RegExp(`^node (steps|.*/steps)/${step}\\.ts'?$`).test(text(inputs?.["create"]));

/** The volume with a release's secrets is made by a step, which prints its name. */
const secretVolumeOf = ({ urn, inputs, outputs }: Resource): DeclaredVolume[] =>
  runs("secrets", inputs) ? [{ urn, name: text(outputs?.["stdout"]), part: "secrets", labels: {} }] : [];

const routeOf = ({ urn, inputs, ...resource }: Resource): DeclaredRoute[] => {
  const { BERTH_INPUT } = environmentOf({ urn, inputs: inputs ?? {}, ...resource });
  return runs("route", inputs) && BERTH_INPUT ? [{ urn, input: JSON.parse(BERTH_INPUT) as Route }] : [];
};

const environmentOf = ({ inputs }: Resource) => (inputs?.["environment"] ?? {}) as Partial<Record<string, string>>;
const labelsOf = (inputs: NonNullable<Resource["inputs"]>): Record<string, string> =>
  Object.fromEntries(((inputs["labels"] ?? []) as Label[]).map(({ label, value }) => [label, value]));
const text = (value: unknown): string => (typeof value === "string" ? value : "");
