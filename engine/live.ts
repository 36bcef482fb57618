/** What the gateway sends its traffic to, and what those containers are: where a release that goes wrong is taken back to. */
import { EngineError } from "../docker/engineError.ts";
import type { ReleaseSettings } from "../settings/settings.ts";
import { LABEL } from "../release/labels.ts";
import { findContainers } from "./containers.ts";
import { tryGateway } from "./gateway.ts";

/** One line of `kamal-proxy list`. */
export interface ListedRoute {
  readonly service: string;
  readonly host: string;
  /** Containers with their port, such as "web-1:8080". */
  readonly targets: readonly string[];
  /** running, paused or stopped. */
  readonly state: string;
}

/** The release that has the traffic. */
export interface Live {
  readonly release: string;
  readonly containers: readonly string[];
  /** So many its route leads to, those that are gone included. */
  readonly targets: number;
  /** running, paused or stopped. */
  readonly state: string;
  /** Keyed hashes of the secrets that its containers run with, as their label has them; "" without secrets. */
  readonly secrets: string;
  readonly settings: Pick<ReleaseSettings, "containerPort" | "health" | "drain">;
}

const COLOURS = /\u001b\[[0-9;]*m/g;

/** The routes in the output of `kamal-proxy list`. Pure. */
export function parseRoutes(list: string): ListedRoute[] {
  const rows = list
    .replace(COLOURS, "")
    .split("\n")
    .slice(1)
    .filter((line) => line.trim() !== "");
  return rows.map((row) => {
    const [service = "", host = "", , targets = "", state = ""] = row.trim().split(/\s{2,}/);
    return { service, host, targets: targets.split(","), state };
  });
}

/** The gateway's routes. @throws EngineError where it does not tell them */
export async function listRoutes(gateway: string): Promise<ListedRoute[]> {
  const { code, stdout, stderr } = await tryGateway(gateway, ["list"]);
  if (code !== 0) throw new EngineError(`the gateway ${gateway} does not tell its routes: ${stderr.trim() || `exit code ${code}`}`);
  return parseRoutes(stdout);
}

/**
 * The release that a route of the gateway leads to, with those of its containers that are there: where some were removed by hand,
 * the rest is what one goes back to. Undefined where there is no such route, where all of its containers are gone, or where they
 * were made by a Berth that left no settings. @throws EngineError where one of them cannot be asked for
 */
export async function findLive(gateway: string, service: string): Promise<Live | undefined> {
  const route = (await listRoutes(gateway)).find((entry) => entry.service === service);
  if (!route) return undefined;
  const found = await findContainers(route.targets.map((target) => target.replace(/:\d+$/, "")));
  const labels = found[0]?.Config.Labels ?? {};
  const settings = labels[LABEL.settings];
  if (settings === undefined) return undefined;
  return {
    release: labels[LABEL.release] ?? "",
    containers: found.map(({ Name }) => Name.slice(1)),
    targets: route.targets.length,
    state: route.state,
    secrets: labels[LABEL.secrets] ?? "",
    settings: JSON.parse(settings) as ReleaseSettings,
  };
}
