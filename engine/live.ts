/** What the gateway sends its traffic to, and what those containers are: where a release that goes wrong is taken back to. */
import type { ReleaseSettings } from "../settings/settings.ts";
import { SECRETS_LABEL, SETTINGS_LABEL } from "./labels.ts";
import { docker } from "./docker.ts";
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
  /** running, paused or stopped. */
  readonly state: string;
  /** Keyed hashes of the secrets that its containers run with, as their label has them; "" without secrets. */
  readonly secrets: string;
  readonly settings: Pick<ReleaseSettings, "containerPort" | "health" | "drain">;
}

const COLOURS = /\u001b\[[0-9;]*m/g;

/** The routes in the output of `kamal-proxy list`. Pure. */
export function parseRoutes(list: string): ListedRoute[] {
  const rows = list.replace(COLOURS, "").split("\n").slice(1).filter((line) => line.trim() !== "");
  return rows.map((row) => {
    const [service = "", host = "", , targets = "", state = ""] = row.trim().split(/\s{2,}/);
    return { service, host, targets: targets.split(","), state };
  });
}

/** The release that a route of the gateway leads to; undefined where there is no such route, or its containers are gone. */
export async function findLive(gateway: string, service: string): Promise<Live | undefined> {
  const { stdout } = await tryGateway(gateway, ["list"]);
  const route = parseRoutes(stdout).find((entry) => entry.service === service);
  if (!route) return undefined;
  const containers = route.targets.map((target) => target.replace(/:\d+$/, ""));
  try {
    const inspected = JSON.parse(await docker(["inspect", "--type", "container", ...containers])) as { Config: { Labels: Record<string, string> } }[];
    const labels = inspected[0]?.Config.Labels ?? {};
    return { release: labels["berth.release"] ?? "", containers, state: route.state, secrets: labels[SECRETS_LABEL] ?? "", settings: JSON.parse(labels[SETTINGS_LABEL] ?? "") as ReleaseSettings };
  } catch {
    return undefined; // removed by hand, or made by a Berth that left no settings: nothing to go back to
  }
}
