/**
 * The processes of one command, which a variable in their environment tells apart: plugins have groups of their own, and parents end first.
 */
import { readdirSync, readFileSync } from "node:fs";

/** The variable; its value is the command's mark. */
export const VARIABLE = "BERTH_BENCH";
/** A process that was seen so often without the mark is none of the command's; before, it may be on its way from fork to exec. */
const SEEN_ENOUGH = 5;

export interface Process {
  readonly pid: number;
  readonly name: string;
  /** Proportional set size: memory that several share counts once in all. Bytes. */
  readonly bytes: number;
}

/** The time that a process was seen, in milliseconds since the command began. */
export interface Span {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export interface Peak {
  readonly bytes: number;
  /** What each kind of process had of it, largest first. */
  readonly parts: Readonly<Record<string, number>>;
}

const NAMES: readonly [pattern: RegExp, name: string][] = [
  [/pulumi-language-nodejs/, "language host"],
  [/@pulumi\/pulumi\/cmd\/run/, "program"],
  [/pulumi-resource-docker/, "docker plugin"],
  [/pulumi-resource-command/, "command plugin"],
  [/^npm /, "npm"],
  [/run\.mjs /, "run.mjs"],
  [/docker-compose( |$)/, "compose"],
  [/docker-buildx( |$)/, "buildx"],
];

/** Words of docker's that say nothing without the next one. */
const MANAGING = new Set(["container", "image", "network", "system", "volume"]);

/** What a process is, by its command line, words joined by blanks. Pure. */
export function nameOf(commandLine: string): string {
  if (/^(\S*\/)?sh -c /.test(commandLine)) return "sh";
  const known = NAMES.find(([pattern]) => pattern.test(commandLine));
  if (known) return known[1];
  const program = /(?:commands|steps)\/\w+\.ts/.exec(commandLine);
  if (program) return program[0];
  const [command = "", ...words] = commandLine.split(" ");
  const base = command.split("/").at(-1) ?? command;
  if (base === "pulumi") return ["pulumi", ...words.filter((word) => /^[a-z]+$/.test(word)).slice(0, words[0] === "up" ? 1 : 2)].join(" ");
  return base === "docker" ? ["docker", ...words.slice(0, MANAGING.has(words[0] ?? "") ? 2 : 1)].join(" ") : base;
}

/** The sample with most memory. Pure. */
export function peakOf(samples: readonly (readonly Process[])[]): Peak {
  const sum = (sample: readonly Process[]) => sample.reduce((total, { bytes }) => total + bytes, 0);
  const most = samples.reduce<readonly Process[]>((best, sample) => (sum(sample) > sum(best) ? sample : best), []);
  const parts = new Map<string, number>();
  for (const { name, bytes } of most) parts.set(name, (parts.get(name) ?? 0) + bytes);
  return { bytes: sum(most), parts: Object.fromEntries([...parts].sort(([, a], [, b]) => b - a)) };
}

/** From when to when each process was seen, in the order of their beginnings. Pure. */
export function spansOf(samples: readonly { readonly at: number; readonly processes: readonly Process[] }[]): Span[] {
  const spans = new Map<number, Span>();
  for (const { at, processes } of samples) {
    for (const { pid, name } of processes) spans.set(pid, { name, from: spans.get(pid)?.from ?? at, to: at });
  }
  return [...spans.values()].sort((a, b) => a.from - b.from);
}

export class Family {
  readonly #entry: string;
  readonly #ours = new Set<number>();
  readonly #others = new Map<number, number>();

  constructor(mark: string) {
    this.#entry = `\0${VARIABLE}=${mark}\0`;
  }

  /** The command's processes that live just now. */
  pids(): number[] {
    const all = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
    const alive = new Set(all);
    for (const known of [...this.#ours, ...this.#others.keys()]) {
      if (alive.has(known)) continue;
      this.#ours.delete(known);
      this.#others.delete(known);
    }
    for (const pid of all) {
      const seen = this.#others.get(pid) ?? 0;
      if (this.#ours.has(pid) || seen >= SEEN_ENOUGH) continue;
      if (`\0${read(`/proc/${pid}/environ`)}`.includes(this.#entry)) this.#ours.add(pid);
      else this.#others.set(pid, seen + 1);
    }
    return [...this.#ours];
  }

  /** @param memory whether to ask for it, which takes a millisecond of a large process; default: it is 0 */
  processes(memory = false): Process[] {
    return this.pids().flatMap((pid) => {
      const commandLine = read(`/proc/${pid}/cmdline`).split("\0").join(" ").trim();
      if (commandLine === "") return []; // it has ended, and its parent has not looked yet
      const bytes = memory ? Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024 : 0;
      return [{ pid, name: nameOf(commandLine), bytes }];
    });
  }

  kill(): void {
    for (const pid of this.pids()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return ""; // it has ended meanwhile
  }
}
