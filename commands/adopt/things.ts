/** What a stack has on the engine that Pulumi's record names: by kind, with what tells which resource it is. */
import { ownedBy, type Owner } from "../../engine/labels.ts";
import { docker } from "../../engine/containers.ts";
import type { Found } from "../../engine/found.ts";

export interface Thing {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether what serves just now needs it: of two that are alike, one was left over. */
  readonly serves: boolean;
}

export interface ContainerThing extends Thing {
  readonly image: string;
  /** When it was made, in ISO 8601. */
  readonly created: string;
  /** The engine's name of the volume at each path. */
  readonly volumes: Readonly<Record<string, string>>;
}

export interface Things {
  readonly containers: readonly ContainerThing[];
  readonly networks: readonly Thing[];
  readonly volumes: readonly Thing[];
  /** Ids of all images on the engine, by name and tag. */
  readonly images: Readonly<Record<string, string>>;
}

interface Inspected {
  readonly Id: string;
  readonly Image: string;
  readonly Created: string;
  readonly Config: { readonly Labels: Thing["labels"] };
  readonly Mounts: readonly { readonly Type: string; readonly Name?: string; readonly Destination: string }[];
}

/** Asks the engine. @param found what `lookAtEngine` has found @throws UserError where it does not answer */
export async function readThings(owner: Owner, { containers, networks, routes }: Found): Promise<Things> {
  const [inspected, volumes, images] = await Promise.all([
    containers.length > 0 ? docker("inspect", ...containers.map(({ id }) => id)) : "[]",
    docker("volume", "ls", "--quiet", ...ownedBy(owner)),
    docker("image", "ls", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"),
  ]);
  const named = volumes === "" ? [] : (JSON.parse(await docker("volume", "inspect", ...volumes.split("\n"))) as { Name: string; Labels: Thing["labels"] }[]);
  const routed = (routes ?? []).flatMap(({ targets }) => targets.map((target) => target.replace(/:\d+$/, "")));
  const details = new Map((JSON.parse(inspected) as Inspected[]).map((one) => [one.Id, one]));
  const all = containers.map(({ id, name, part, state }): ContainerThing => {
    const { Config, Image = "", Created = "", Mounts = [] } = details.get(id) ?? ({} as Partial<Inspected>);
    return {
      id,
      name,
      labels: Config?.Labels ?? {},
      serves: part === "web" ? routed.includes(name) : state === "running",
      image: Image,
      created: Created,
      volumes: Object.fromEntries(Mounts.flatMap(({ Type, Name, Destination }) => (Type === "volume" && Name ? [[Destination, Name]] : []))),
    };
  });
  const serving = all.filter(({ serves }) => serves);
  const serves = (volume: string) => serving.some((container) => Object.values(container.volumes).includes(volume));
  return {
    containers: all,
    networks: await Promise.all(
      networks.map(async ({ id, name, attached }) => ({
        id,
        name,
        labels: JSON.parse(await docker("network", "inspect", "--format", "{{json .Labels}}", id)) as Thing["labels"],
        serves: attached.some((container) => serving.some((other) => other.id === container.id)),
      })),
    ),
    volumes: named.map(({ Name, Labels }) => ({ id: Name, name: Name, labels: Labels, serves: serves(Name) })),
    images: Object.fromEntries(images.split("\n").filter(Boolean).map((line) => line.split(" "))) as Record<string, string>,
  };
}
