/** A preview in a few facts: which release, in which steps, with which gap, what of the data, and whether there is room. Pure. */
import { type Gap, gapsOf } from "./gaps.ts";
import { type Changes, labelOf } from "./operations.ts";
import { type ReleaseStep, releaseSteps } from "./releaseSteps.ts";
import { type Host, type Room, roomFor } from "./room.ts";
import { LABEL } from "../../release/labels.ts";

/** `first`: nothing is live yet; `new`: another release takes over; `back`: an earlier one does; `stays`: the live one. */
export type ReleaseChange = "first" | "new" | "back" | "stays";

export interface VolumeChange {
  /** The volume's name in the configuration. */
  readonly volume: string;
  readonly change: "untouched" | "created" | "changed" | "replaced" | "deleted";
}

/** What `npm run preview -- --json` adds to Pulumi's own JSON. */
export interface Summary {
  readonly stack: string;
  /** What on the engine differs from the stack's record, in words. */
  readonly drift: readonly string[];
  readonly release: {
    readonly change: ReleaseChange;
    readonly live: string | null;
    readonly next: string | null;
    readonly canary: string | null;
  };
  /** In their order; none: nothing changes. */
  readonly steps: readonly ReleaseStep[];
  /** None: no request notices the update. */
  readonly gaps: readonly Gap[];
  readonly data: readonly VolumeChange[];
  readonly room: Room;
}

/** Draws the summary out of the changes that a preview found. */
export function summarise(changes: Changes, host: Host, drift: readonly string[] = []): Summary {
  return {
    stack: changes.stack,
    drift,
    release: releaseChange(changes),
    steps: releaseSteps(changes),
    gaps: gapsOf(changes),
    data: volumeChanges(changes),
    room: roomFor(changes, host),
  };
}

function releaseChange({ now, then }: Changes): Summary["release"] {
  const [live, next] = [now.release ?? null, then.release ?? null];
  const change =
    live === null ? "first" : next === live || next === null ? "stays" : now.releases?.some(({ name }) => name === next) ? "back" : "new";
  return { change, live, next, canary: then.canary?.release ?? null };
}

function volumeChanges({ operations, untouched }: Changes): VolumeChange[] {
  const touched = operations.filter(({ part, kind }) => part === "DataVolume" && kind === "Volume");
  const found = touched.map(({ action, replacing, before, after, name }) => ({
    volume: labelOf(after, LABEL.volume) ?? labelOf(before, LABEL.volume) ?? name,
    change: replacing ? ("replaced" as const) : ({ create: "created", update: "changed", delete: "deleted" } as const)[action],
  }));
  const each = new Map(
    [...untouched.map((volume) => ({ volume, change: "untouched" as const })), ...found].map((entry) => [entry.volume, entry]),
  );
  return [...each.values()].sort((a, b) => (a.volume < b.volume ? -1 : 1));
}

/** Whether data are in danger: a volume with them would no longer be used. */
export const isAlarm = ({ change }: VolumeChange): boolean => change === "replaced" || change === "deleted";
