/** What was found of a need on this machine. */
export interface Found {
  /** The version found, as far as it is known. */
  readonly version: string;
  /** Where it is: a path, a socket, an image id. */
  readonly place: string;
  /** How it came there, such as "already on this machine" or "built from Go modules". */
  readonly from: string;
}

/** Tells what a long step is doing just now. */
export type Report = (text: string) => void;

/** Called when a source is taken: where it comes from and how long it usually takes, in seconds. */
export type Begin = (from: string, typicalSeconds: number) => Report;

/** Waits until another need is met; at once where it was from the start. Rejects where it could not be met. */
export type WaitFor = (need: string) => Promise<void>;

/** One way to meet a need. */
export interface Source {
  /** Such as "official download" or "built from Go modules". */
  readonly from: string;
  /** How long it usually takes on two cores, in seconds. */
  readonly typicalSeconds: number;
  /** Why this way is closed on this machine, or undefined where it is open. */
  obstacle(): Promise<string | undefined>;
  /** Goes this way. Throws an Error whose message says why it failed. */
  get(report: Report, waitFor: WaitFor): Promise<void>;
}

/** Something that must be on the machine before Berth can deliver. */
export interface Need {
  readonly name: string;
  /** The version or kind that is wanted. */
  readonly wanted: string;
  /** The need that holds it, such as the engine an image. Once that one is met, this one is looked for again. */
  readonly within?: string;
  /** Looks for it, quickly and without changing anything. Throws a `UserError` for a state that no source can mend. */
  look(): Promise<Found | undefined>;
  /** The ways to meet it, best first. */
  readonly sources: readonly Source[];
  /** What a person can do where every source fails. */
  readonly byHand: string;
}

/** Why a need could not be met: each source with its reason. */
export class NeedFailed extends Error {
  override readonly name = "NeedFailed";
}

/**
 * Meets a need that was not found by the first source that works, and returns what is there then.
 * Throws `NeedFailed` when no source works.
 */
export async function meet(need: Need, begin: Begin, waitFor: WaitFor): Promise<Found> {
  if (need.within !== undefined) {
    await waitFor(need.within);
    const found = await need.look();
    if (found !== undefined) return found;
  }
  const reasons: string[] = [];
  for (const source of need.sources) {
    const obstacle = await source.obstacle();
    if (obstacle !== undefined) {
      reasons.push(`${source.from}: ${obstacle}`);
      continue;
    }
    try {
      await source.get(begin(source.from, source.typicalSeconds), waitFor);
      const found = await need.look();
      if (found !== undefined) return found;
      reasons.push(`${source.from}: it ran without an error, but ${need.name} ${need.wanted} is still not found`);
    } catch (error) {
      reasons.push(`${source.from}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new NeedFailed(
    [`${need.name} ${need.wanted} is missing. ${need.byHand}`, ...reasons.map((reason) => reason.replaceAll("\n", "\n  "))].join("\n  "),
  );
}
