/** Pulumi's event log (`--event-log`), as far as the commands read it. Pure. */

/** What Pulumi writes in place of a value that only the update will know. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export interface ResourceState {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** One operation on one resource. */
export interface Step {
  /** create, update, create-replacement, delete-replaced, replace, delete, same, read, … */
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly old: ResourceState | null;
  readonly new: ResourceState | null;
}

export interface EngineEvent {
  readonly preludeEvent?: { readonly config: Readonly<Record<string, string>> };
  readonly resourcePreEvent?: { readonly metadata: Step; readonly planning?: boolean };
  readonly resOutputsEvent?: { readonly metadata: Step };
  readonly diagnosticEvent?: { readonly message: string; readonly severity: string; readonly urn?: string };
  /** Pulumi's own words, as on a signal. */
  readonly stdoutEvent?: { readonly message: string };
  readonly summaryEvent?: {
    readonly result: string;
    /** How many resources of each operation, such as create. */ readonly resourceChanges?: Readonly<Record<string, number>>;
  };
}

/** The events of a log; a last line that was cut off is passed over. */
export const readEvents = (log: string): EngineEvent[] =>
  log
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line) as EngineEvent);
