/** The containers of a stack as a person or a copy looks for them. */
import { findContainers, listContainers } from "./containers.ts";
import { LABEL, ownedBy, type Owner } from "../release/labels.ts";

export interface ContainerState {
  readonly name: string;
  readonly part: string;
  readonly release: string;
  /** Its name in the configuration; "" where it is none. */
  readonly accessory: string;
  /** running, exited, restarting, … */
  readonly state: string;
  /** healthy, unhealthy, starting; "" where the image has no health check. */
  readonly health: string;
  readonly restarts: number;
  readonly since: string;
}

/** The stack's containers, running or not, by their names. @throws EngineError */
export async function containersOf(owner: Owner): Promise<ContainerState[]> {
  const listed = await listContainers(ownedBy(owner), { all: true });
  const found = await findContainers(listed.map(({ Id }) => Id));
  return found
    .map(({ Name, RestartCount, State, Config: { Labels } }) => ({
      name: Name.slice(1),
      part: Labels[LABEL.part] ?? "",
      release: Labels[LABEL.release] ?? "",
      accessory: Labels["berth.accessory"] ?? "",
      state: State.Status,
      health: State.Health?.Status ?? "",
      restarts: RestartCount,
      since: State.StartedAt.replace("T", " ").slice(0, 19),
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}
