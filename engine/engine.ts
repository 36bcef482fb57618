/** The engine that this process works on. */
import { type Address, resolveAddress, tlsVariables } from "../docker/address.ts";
import { Client } from "../docker/client.ts";

let chosen: Client | undefined;

/**
 * The engine of this process: the one that was chosen, else the one of its environment.
 * @throws EngineError for an address that cannot be asked
 */
export const engine = (): Client => (chosen ??= new Client(resolveAddress({ env: process.env })));

/** Has this process, and what it starts, work on one engine. */
export function chooseEngine(address: Address): void {
  if (chosen?.address.host === address.host) return;
  chosen = new Client(address);
  process.env["DOCKER_HOST"] = address.host;
  delete process.env["DOCKER_CONTEXT"]; // it would win over the address in the docker command of a person's hook
  Object.assign(process.env, tlsVariables(address));
}

/** What the engine says of itself. */
export interface Version {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly Arch: string;
}

/** @throws EngineError where it does not answer */
export const engineVersion = (): Promise<Version> => engine().ask<Version>({ path: "/version", what: "its version" });

/** Processors and memory of the engine's host, and more. */
export interface Info {
  readonly ID: string;
  /** What its host calls itself. */
  readonly Name: string;
  /** The clock of its host, in ISO 8601. */
  readonly SystemTime: string;
  readonly NCPU: number;
  /** Bytes; 0 where it cannot tell. */
  readonly MemTotal: number;
  /** Where its networks get their addresses; missing where it has its own. */
  readonly DefaultAddressPools?: readonly { readonly Base: string; readonly Size: number }[] | null;
  readonly DockerRootDir: string;
  readonly OperatingSystem: string;
  /** Of its host. */
  readonly KernelVersion: string;
}

/** @throws EngineError where it does not answer */
export const engineInfo = (): Promise<Info> => engine().ask<Info>({ path: "/info", what: "what its host has" });
