/** Pulumi's event log while it is written: its own times are whole seconds, so each line gets the time at which it came. */
import { closeSync, existsSync, linkSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";

export interface Line {
  /** Milliseconds since the command began. */
  readonly at: number;
  readonly text: string;
}

/** Something that was done with a resource. Times are in milliseconds since the command began. */
export interface Step {
  /** The resource's name without those of project and stack, such as `web-1`. */
  readonly name: string;
  /** Pulumi's word, such as `update` or `delete-replaced`. */
  readonly op: string;
  readonly from: number;
  readonly to: number;
}

export interface Log {
  /** When Pulumi had read settings and state, and began. */
  readonly prelude: number;
  /** When the program was loaded and declared its stack. */
  readonly loaded: number;
  /** When it declared its first component. */
  readonly declared: number;
  /** In the order of their beginnings. */
  readonly steps: readonly Step[];
}

interface Metadata {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
}
interface Event {
  readonly preludeEvent?: object;
  readonly resourcePreEvent?: { readonly metadata: Metadata };
  readonly resOutputsEvent?: { readonly metadata: Metadata };
}

/** What changes nothing: `replace` is only said, before and after the old one is deleted. */
const NOTHING = new Set(["same", "read", "replace", "refresh"]);

/** @throws Error where the log has no beginning. Pure. */
export function readLog(lines: readonly Line[]): Log {
  let prelude: number | undefined;
  let loaded: number | undefined;
  let declared: number | undefined;
  const begun = new Map<string, number>();
  const steps: Step[] = [];
  for (const { at, text } of lines) {
    if (text.trim() === "") continue;
    const event = JSON.parse(text) as Event;
    if (event.preludeEvent) prelude ??= at;
    const before = event.resourcePreEvent?.metadata;
    if (before?.type === "pulumi:pulumi:Stack") loaded ??= at;
    if (before && !before.type.startsWith("pulumi:")) declared ??= at;
    if (before && !NOTHING.has(before.op)) begun.set(keyOf(before), at);
    const after = event.resOutputsEvent?.metadata;
    const from = after && begun.get(keyOf(after));
    if (after && from !== undefined) {
      steps.push({ name: shortName(after.urn), op: after.op, from, to: at });
      begun.delete(keyOf(after));
    }
  }
  if (prelude === undefined || loaded === undefined || declared === undefined) throw new Error("the event log has no beginning");
  return { prelude, loaded, declared, steps: steps.sort((a, b) => a.from - b.from) };
}

const keyOf = ({ urn, op }: Metadata): string => `${op} ${urn}`;

/** Berth's components have the name `<project>-<stack>-<part>`. */
function shortName(urn: string): string {
  const [head = "", project = "", , name = ""] = urn.split("::");
  return name.replace(`${project}-${head.split(":").at(-1)}-`, "");
}

/** Reads the log that a command of Berth has Pulumi write, and takes away at its end. */
export class EventTail {
  readonly lines: Line[] = [];
  readonly #temporary: string;
  readonly #kept: string;
  readonly #buffer = Buffer.alloc(1024 ** 2);
  #file: number | undefined;
  /** The beginning of a line whose end has not come yet. */
  #begun = "";

  /**
   * @param temporary the command's TMPDIR
   * @param kept a second name for the log, which the command does not know; on the same file system
   */
  constructor(temporary: string, kept: string) {
    [this.#temporary, this.#kept] = [temporary, kept];
  }

  /** Takes in what has come since. */
  look(at: number): void {
    this.#file ??= this.#find();
    if (this.#file === undefined) return;
    for (let size; (size = readSync(this.#file, this.#buffer)) > 0;) {
      const texts = (this.#begun + this.#buffer.toString("latin1", 0, size)).split("\n"); // names and times are plain letters
      this.#begun = texts.pop() ?? "";
      this.lines.push(...texts.map((text) => ({ at, text })));
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #find(): number | undefined {
    const log = readdirSync(this.#temporary)
      .filter((name) => name.startsWith("berth-events-"))
      .map((name) => join(this.#temporary, name, "events"))
      .find(existsSync);
    if (log === undefined) return undefined;
    linkSync(log, this.#kept);
    return openSync(this.#kept, "r");
  }
}
