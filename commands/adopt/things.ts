/** What a stack has on the engine that Pulumi's record names: by kind, with what tells which resource it is. */
import { findContainers } from "../../engine/containers.ts";
import { type Found, routedIn } from "../../engine/found.ts";
import { listImages, tagsOf } from "../../engine/images.ts";
import { LABEL, ownedBy, type Owner } from "../../release/labels.ts";
import { listNetworks } from "../../engine/networks.ts";
import { listVolumes } from "../../engine/volumes.ts";
import { UserError } from "../shared/cli.ts";

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

/**
 * Asks the engine.
 * @param found what `lookAtEngine` has found @throws UserError where the gateway does not tell what serves @throws EngineError
 */
export async function readThings(owner: Owner, found: Found): Promise<Things> {
  const routed = routedIn(found);
  if (routed === undefined) {
    throw new UserError(
      `the gateway of stack ${owner.stack} runs and does not tell its routes, so what serves cannot be known. Nothing was changed. ` +
        `Look at it with: npm run logs -- --gateway --stack ${owner.stack}`,
    );
  }
  const [containers, networks, volumes, images] = await Promise.all([
    findContainers(found.containers.map(({ id }) => id)), // one that has gone meanwhile is none
    listNetworks(ownedBy(owner)),
    listVolumes(ownedBy(owner)),
    listImages({}),
  ]);
  const states = new Map(found.containers.map(({ id, state }) => [id, state]));
  const all = containers.map(({ Id, Name, Image, Created, Config, Mounts }): ContainerThing => {
    const name = Name.slice(1);
    return {
      id: Id,
      name,
      labels: Config.Labels,
      serves: Config.Labels[LABEL.part] === "web" ? routed.includes(name) : states.get(Id) === "running",
      image: Image,
      created: Created,
      volumes: Object.fromEntries(Mounts.flatMap((mount) => (mount.Type === "volume" ? [[mount.Destination, mount.Name ?? ""]] : []))),
    };
  });
  const serving = all.filter(({ serves }) => serves);
  const attached = new Map(found.networks.map((network) => [network.id, network.attached.map(({ id }) => id)]));
  const isAttached = (network: string) => serving.some(({ id }) => attached.get(network)?.includes(id));
  const isMounted = (volume: string) => serving.some((container) => Object.values(container.volumes).includes(volume));
  return {
    containers: all,
    networks: networks.map(({ Id, Name, Labels }) => ({ id: Id, name: Name, labels: Labels, serves: isAttached(Id) })),
    volumes: volumes.map(({ Name, Labels }) => ({ id: Name, name: Name, labels: Labels ?? {}, serves: isMounted(Name) })),
    images: Object.fromEntries(images.flatMap(({ Id, RepoTags }) => tagsOf([{ RepoTags }]).map((tag) => [tag, Id]))),
  };
}
