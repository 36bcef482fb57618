/** What a stack is: by Pulumi's record, by the engine, and by what it answers. */
import { contentOf } from "../../release/imageName.ts";
import type { Release } from "../../release/ledger.ts";
import { parseRoutes } from "../../engine/live.ts";
import type { Checkout } from "../e2e/support/checkout.ts";
import { census, docker, lines } from "../e2e/support/engine.ts";

export interface Recorded {
  readonly release: string;
  /** Names of the releases in the ledger, newest first. */
  readonly ledger: readonly string[];
  /** Containers of the live release. */
  readonly replicas: readonly string[];
  readonly volumes: readonly string[];
  /** What Pulumi still has to do: operations that were cut off, and things that it has to delete. */
  readonly pending: readonly string[];
}

/** What Pulumi's own record says. */
export async function recorded(checkout: Checkout): Promise<Recorded> {
  const deployment = await checkout.deployment();
  const resources = deployment.resources ?? [];
  const outputs = resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs as
    { release?: string; releases?: Release[]; replicas?: string[]; volumes?: { name: string }[] } | undefined;
  const nameOf = (urn: string) => urn.split("::").at(-1) ?? urn;
  return {
    release: outputs?.release ?? "",
    ledger: (outputs?.releases ?? []).map(({ name }) => name),
    replicas: outputs?.replicas ?? [],
    volumes: (outputs?.volumes ?? []).map(({ name }) => name),
    pending: [
      ...(deployment.pending_operations ?? []).map(({ resource }) => `operation on ${nameOf(resource.urn)}`),
      ...resources.filter((resource) => resource.delete).map(({ urn }) => `deletion of ${nameOf(urn)}`),
    ],
  };
}

/** What is on the engine and should not be, and the other way round; nothing where all is as recorded. */
export async function differences(stack: string, { release, ledger, replicas, volumes, pending }: Recorded): Promise<string[]> {
  const is = await census(stack);
  const gateway = await gatewayOf(stack);
  const states =
    is.containers.length === 0
      ? []
      : lines(await docker("inspect", "--format", "{{.Name}} {{.State.Status}} {{len .NetworkSettings.Networks}}", ...is.containers));
  const routes = await docker("exec", gateway, "kamal-proxy", "list").then(parseRoutes, (error: Error) => [
    { service: error.message, targets: [] },
  ]);
  const tags = [...new Set(ledger.map(contentOf))].sort();
  return [
    ...compare("container", [gateway, ...replicas], is.containers),
    ...compare(
      "image",
      tags,
      is.images.map((name) => name.split(":").at(-1) ?? name),
    ),
    ...compare("volume", [...volumes, ...is.volumes.filter((name) => name.includes("-gateway-state-")).slice(0, 1)], is.volumes),
    ...(is.networks.length === 1 ? [] : [`networks: ${is.networks.join(", ") || "none"}`]),
    ...states.filter((state) => !state.endsWith(" running 1")).map((state) => `state and networks of ${state.slice(1)}`),
    ...(routes.length === 1 &&
    routes[0]?.targets
      .map((target) => target.replace(/:\d+$/, ""))
      .sort()
      .join() === [...replicas].sort().join()
      ? []
      : [`routes: ${routes.map(({ service, targets }) => `${service} to ${targets.join(" ")}`).join(", ") || "none"} (live: ${release})`]),
    ...pending.map((what) => `pending: ${what}`),
  ];
}

function compare(kind: string, wanted: readonly string[], found: readonly string[]): string[] {
  return [
    ...found.filter((name) => !wanted.includes(name)).map((name) => `left over: ${kind} ${name}`),
    ...wanted.filter((name) => !found.includes(name)).map((name) => `missing: ${kind} ${name}`),
  ];
}

/** Name of the stack's gateway, running or not. */
export async function gatewayOf(stack: string): Promise<string> {
  return (
    lines(
      await docker(
        "ps",
        "--all",
        "--format",
        "{{.Names}}",
        "--filter",
        `label=berth.stack=${stack}`,
        "--filter",
        "label=berth.part=gateway",
      ),
    )[0] ?? ""
  );
}

/** Names of the stack's web containers, running or not. */
export async function webContainers(stack: string): Promise<string[]> {
  return lines(
    await docker("ps", "--all", "--format", "{{.Names}}", "--filter", `label=berth.stack=${stack}`, "--filter", "label=berth.part=web"),
  ).sort();
}

export interface About {
  readonly release: string;
  readonly greeting: string;
}

/** What the app says of itself; undefined where it does not answer well within two seconds. */
export async function about(url: string): Promise<About | undefined> {
  try {
    const answer = await fetch(`${url}/about`, { signal: AbortSignal.timeout(2000) });
    return answer.ok ? ((await answer.json()) as About) : undefined;
  } catch {
    return undefined;
  }
}
