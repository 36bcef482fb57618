/** When requests are not answered at once during an update. Pure. */
import { type Changes, labelOf } from "./operations.ts";

export interface Gap {
  /**
   * `closed`: connections are refused; `held`: requests wait and are then answered; `without`: the app misses a neighbour; `maintenance`:
   * all get 503.
   */
  readonly kind: "closed" | "held" | "without" | "maintenance";
  /** How long, as far as one can tell beforehand; null: that depends. */
  readonly seconds: number | null;
  readonly why: string;
}

/** Seconds between the end of the old gateway and the first answer of the new one: 1.1 to 2.2 measured on two busy cores. */
const GATEWAY_SECONDS = 2;
/** Seconds beside the app's own start that requests are held: stopping, starting, switching. 1.6 measured. */
const SWAP_SECONDS = 2;

/** The gaps to expect; none where no request notices the update. */
export function gapsOf({ operations, now, then, config }: Changes): Gap[] {
  if (!now.release) return []; // nothing is live that could fail
  const gaps: Gap[] = [];
  const proxy = operations.filter(({ part, kind }) => part === "Gateway" && kind === "Container");
  if (proxy.some(({ action }) => action === "delete")) {
    gaps.push({ kind: "closed", seconds: GATEWAY_SECONDS, why: `the gateway is replaced: ${portWords(proxy)}` });
  }
  const accessories = operations.filter(({ part, kind, action }) => part === "Accessory" && kind === "Container" && action === "delete");
  for (const { before, replacing } of accessories) {
    const name = labelOf(before, "berth.accessory");
    gaps.push({
      kind: "without",
      seconds: null,
      why: replacing ? `the accessory ${name} is stopped and started anew` : `the accessory ${name} goes`,
    });
  }
  const next = then.releases?.find(({ name }) => name === then.release);
  const made = operations.some(
    ({ part, kind, action, canary }) => part === "Replicas" && kind === "Container" && action === "create" && !canary,
  );
  const swapped = made || then.release !== now.release; // what a failed update has made is there already
  if (next?.settings.strategy === "recreate" && swapped) {
    const gate = lastGate(operations);
    gaps.push({
      kind: "held",
      seconds: gate === undefined ? null : Math.ceil(gate + SWAP_SECONDS),
      why: `strategy recreate: requests wait in the gateway while the app is swapped${gate === undefined ? "" : ` (the last gate took ${gate} s)`}`,
    });
  }
  const message = config["berth:maintenance"];
  if (message)
    gaps.push({
      kind: "maintenance",
      seconds: null,
      why: "berth:maintenance is on: every request is answered with 503 until it is taken out",
    });
  return gaps;
}

function portWords(proxy: Changes["operations"]): string {
  const ports = (action: string) => [
    ...new Set(
      proxy
        .filter((operation) => operation.action === action)
        .flatMap(({ action, before, after }) => portsOf(action === "delete" ? before : after)),
    ),
  ];
  const [old, next] = [ports("delete"), ports("create")];
  const same = old.length === next.length && old.every((port) => next.includes(port));
  return same
    ? `port ${old.join(" and ")} is published again`
    : `port ${old.join(" and ")} is closed for good, ${next.join(" and ")} is opened`;
}

const portsOf = ({ ports }: Readonly<Record<string, unknown>>): string[] =>
  ((ports ?? []) as { ip: string; external: number }[]).map(({ ip, external }) => `${ip}:${external}`);

/** How long the last gate took, by its own words: the app's start, in most cases. */
function lastGate(operations: Changes["operations"]): number | undefined {
  const said = operations.find(({ part, canary }) => part === "HealthGate" && !canary)?.said["stdout"];
  const seconds = typeof said === "string" ? /healthy after ([\d.]+) s/.exec(said)?.[1] : undefined;
  return seconds === undefined ? undefined : Number(seconds);
}
