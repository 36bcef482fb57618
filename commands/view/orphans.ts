/** What a killed update has left on the engine without Pulumi's knowledge. Pure. */
import type { Declared } from "../../stack/record.ts";
import { type Found, routedIn } from "../../engine/found.ts";

/** Parts of a stack that nothing but Pulumi makes, and that hold no data. */
const DISPOSABLE: readonly string[] = ["web", "worker", "gateway", "accessory", "secrets"];

/**
 * What carries the stack's labels, or is a route in its gateway, and is unknown to Pulumi: an update was killed before it could write it
 * down.
 */
export interface Orphans {
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
  readonly routes: readonly string[];
}

/** Never data volumes, whose part is not a disposable one. */
export function orphansOf(declared: Declared, found: Found): Orphans {
  const ids = new Set([...declared.containers, ...declared.networks].map(({ id }) => id));
  const names = new Set(declared.volumes.map(({ name }) => name));
  // Of a gateway that does not tell its routes none is known to be too much.
  const services = typeof found.routes === "string" ? [] : found.routes.map(({ service }) => service);
  return {
    containers: found.containers.filter(({ id, part }) => DISPOSABLE.includes(part) && !ids.has(id)).map(({ name }) => name),
    networks: found.networks.filter(({ id }) => !ids.has(id)).map(({ name }) => name),
    volumes: found.volumes.filter(({ name, part }) => DISPOSABLE.includes(part) && !names.has(name)).map(({ name }) => name),
    routes: services.filter((service) => service !== (declared.route?.input.service ?? service)),
  };
}

/**
 * Whether people may be served by a container of this name, whatever Pulumi knows of it: the gateway leads to it, or runs and does not
 * tell; or it is itself the only gateway that runs.
 */
export function mayServe(declared: Declared, found: Found): (name: string) => boolean {
  const routed = routedIn(found);
  const running = found.containers.filter(({ state }) => state === "running");
  const gateways = running.filter(({ part }) => part === "gateway");
  const known = gateways.some(({ id }) => declared.containers.some((container) => container.id === id));
  return (name) => {
    if (!known && gateways.some((gateway) => gateway.name === name)) return true;
    return routed?.includes(name) ?? running.some((container) => container.name === name && container.part === "web");
  };
}
