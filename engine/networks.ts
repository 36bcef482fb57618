/** Networks: found and removed. */
import { engine } from "./engine.ts";
import type { Filters } from "./containers.ts";

export interface Network {
  readonly Id: string;
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] | null };
  /** Running containers on it by their ids; empty in a list. */
  readonly Containers?: Readonly<Record<string, { readonly Name: string }>>;
}

/** Without their containers. @throws EngineError */
export const listNetworks = (filters: Filters): Promise<Network[]> =>
  engine().ask<Network[]>({ path: "/networks", query: { filters }, what: "a list of networks" });

/** The network with its containers; undefined where there is none. @throws EngineError */
export const findNetwork = (name: string): Promise<Network | undefined> =>
  engine().askIfThere<Network>({ path: `/networks/${encodeURIComponent(name)}`, what: `network ${name}` });

/** Makes a network and returns its id. @throws EngineError, also where no address range is left */
export const createNetwork = async (name: string, labels: Readonly<Record<string, string>>): Promise<string> =>
  (
    await engine().ask<{ Id: string }>(
      {
        method: "POST",
        path: "/networks/create",
        body: { Name: name, Labels: labels, CheckDuplicate: true },
        what: `a new network ${name}`,
      },
      { seconds: 60 },
    )
  ).Id;

/** Returns whether there was one. @throws EngineError, with status 403 where containers are on it */
export const removeNetwork = (name: string): Promise<boolean> =>
  engine().askWhether(
    { method: "DELETE", path: `/networks/${encodeURIComponent(name)}`, what: `to remove network ${name}` },
    { seconds: 60 },
  );
