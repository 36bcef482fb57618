/** A stack that people use, and of which Pulumi knows nothing: an update would take it for what a cut-off one has left. Pure. */
import { UserError } from "../shared/cli.ts";
import type { Declared } from "../../stack/record.ts";
import { type Found, routedIn } from "../../engine/found.ts";

/**
 * The replicas of a stack whose record is gone; none where the record has any entry. A first update that was cut off before it
 * wrote one has not switched a route yet: what it left may go.
 */
export function unrecorded({ empty }: Declared, found: Found): string[] {
  const replicas = found.containers
    .filter(({ part }) => part === "web")
    .map(({ name }) => name)
    .sort();
  const routed = found.routes === "none" ? undefined : routedIn(found); // a gateway that is gone or does not answer may have led to them
  const served = routed === undefined || replicas.some((name) => routed.includes(name));
  return empty && served ? replicas : [];
}

/** What to know before an update makes a new volume, because Pulumi knows of none: one is there already. Pure. */
export function unrecordedData(stack: string, { declared, found }: { declared: Declared; found: Found }): string | undefined {
  const data = found.volumes
    .filter(({ part }) => part === "data")
    .map(({ name }) => name)
    .sort();
  if (!declared.empty || data.length === 0) return undefined;
  return `${data.join(", ")} of stack ${stack} ${data.length === 1 ? "is" : "are"} on the engine, and Pulumi does not know of ${data.length === 1 ? "it" : "them"}: an update begins with empty data. To go on with these: npm run adopt -- --stack ${stack}, before the update`;
}

/** For every command that acts on Pulumi's record. @throws UserError where the record is lost */
export function refuseIfLost(stack: string, { declared, found }: { declared: Declared; found: Found }): void {
  const replicas = unrecorded(declared, found);
  if (replicas.length === 0) return;
  const data = found.volumes.filter(({ part }) => part === "data").map(({ name }) => name);
  throw new UserError(
    `Pulumi's record of stack ${stack} is empty, but the engine runs it (${replicas.join(", ")}): bring the record back with npm run adopt -- --stack ${stack}. Nothing was changed.\n` +
      `  An update would put a new app${data.length > 0 ? ` with an empty volume (not ${data.join(", ")})` : ""} in its place. See docs/guides/lost-state.md.\n` +
      "  If another checkout runs it: give this one's stack another name.",
  );
}
