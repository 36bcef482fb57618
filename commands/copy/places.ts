/** Which container or volume a person means. Pure. */
import type { Owner } from "../../release/labels.ts";
import { UserError } from "../shared/cli.ts";

export interface KnownContainer {
  readonly name: string;
  readonly part: string;
  /** Whether it belongs to what is live. */
  readonly live: boolean;
}

export interface KnownVolume {
  /** In the configuration's words. */
  readonly name: string;
  /** The engine's name. */
  readonly engine: string;
}

export type Choice = { readonly container: string } | { readonly volume: string };

/** Containers that have nothing of their own to copy. */
const PASSING = ["job", "helper", "snapshot", "secrets"];
const VOLUME = "volume/";

/** A container's name as a person says it: `web-2` for `berth-dev-web-2-52fc1ce`, `gateway`, an accessory's own name. */
export function shortName(name: string, { project, stack }: Owner): string {
  const own = name.startsWith(`${project}-${stack}-`) ? name.slice(`${project}-${stack}-`.length) : name;
  return own
    .replace(/-[0-9a-f]{7}$/, "")
    .replace(/^(worker|accessory)-/, "")
    .replace(/^gateway-proxy$/, "gateway");
}

/** @throws UserError with what there is, where the word fits nothing or more than one */
export function choosePlace(where: string, owner: Owner, containers: readonly KnownContainer[], volumes: readonly KnownVolume[]): Choice {
  const there = containers.filter(({ part }) => !PASSING.includes(part));
  if (where.startsWith(VOLUME)) {
    const asked = where.slice(VOLUME.length);
    const fits = volumes.filter(({ engine }) => engine === asked);
    const [volume, ...others] = fits.length > 0 ? fits : volumes.filter(({ name }) => name === asked);
    if (volume && others.length > 0) {
      const clear = [volume, ...others].map(({ engine }) => VOLUME + engine).join(" or ");
      throw new UserError(`"${where}" is not clear on stack ${owner.stack}: write ${clear}`);
    }
    if (volume) return { volume: volume.engine };
    throw new UserError(`there is no ${where} on stack ${owner.stack}: ${whatThereIs(owner, there, volumes)}`);
  }
  const named = there.filter(({ name }) => name === where || shortName(name, owner) === where);
  const fitting = named.some(({ live }) => live) ? named.filter(({ live }) => live) : named;
  if (fitting.length > 1)
    throw new UserError(`"${where}" is not clear on stack ${owner.stack}: write ${fitting.map(({ name }) => name).join(" or ")}`);
  if (fitting[0]) return { container: fitting[0].name };
  throw new UserError(`there is no "${where}" on stack ${owner.stack}: ${whatThereIs(owner, there, volumes)}`);
}

function whatThereIs(owner: Owner, containers: readonly KnownContainer[], volumes: readonly KnownVolume[]): string {
  const all = [...new Set(containers.map(({ name }) => shortName(name, owner)))].sort().concat(volumes.map(({ name }) => VOLUME + name));
  return all.length > 0 ? `there is ${all.join(", ")}` : "there is nothing yet";
}
