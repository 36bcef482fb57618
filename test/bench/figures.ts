/** What is measured, and what is made of several measurements. Pure. */

/** In the order of the table. */
export const WHATS = [
  "release",
  "unchanged",
  "20 replicas",
  "memory",
  "status",
  "floor changed",
  "floor unchanged",
  "floor 20 replicas",
] as const;
export type What = (typeof WHATS)[number];

/** What each is, for a person. */
export const MEANING: Readonly<Record<What, string>> = {
  release: "one byte of the app has changed, until the command returns, under some 90 requests a second",
  unchanged: "nothing has changed, until the command returns",
  "20 replicas": "a release as above from 20 replicas to 20 new ones, without requests",
  memory: "most memory of all processes of a release at one time (PSS), the engine's not among them",
  status: "`npm run status`; for Compose `docker compose ps --all`",
  "floor changed": "`pulumi up` of a program with one image that is there and one command, which is changed and runs `true`",
  "floor unchanged": "the same with nothing changed",
  "floor 20 replicas": "`pulumi up` of that program with 20 containers of the app besides, which are made anew and not waited for",
};

/** What `--parts` may name: rows that are measured together have one name, and `trace` is no row. */
export const PARTS = ["release", "unchanged", "replicas", "memory", "status", "floor", "trace"] as const;
export type Part = (typeof PARTS)[number];

export const SIDES = ["Berth", "Compose", "Compose, 1 replica", "Pulumi alone"] as const;
export type SideName = (typeof SIDES)[number];

export interface Sample {
  /** Seconds; of `memory`, bytes. */
  readonly value: number;
  /** Processes that wanted to run when it began, on the average of the minute before. */
  readonly load: number;
}

export interface Row {
  readonly what: What;
  readonly side: SideName;
  readonly samples: readonly Sample[];
  /** Requests while it was measured, in all, and how many of them failed; missing where none were sent. */
  readonly requests?: number | undefined;
  readonly failed?: number | undefined;
}

export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
  /** The median of the load averages. */
  readonly load: number;
}

/** The middle one; of an even number, the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

export function figureOf({ samples }: Row): Figure {
  const values = samples.map(({ value }) => value);
  return {
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    runs: values.length,
    load: median(samples.map(({ load }) => load)),
  };
}

/** A value as people say it: `4.61 s`, `612 MiB`. */
export const say = (what: What, value: number): string =>
  what === "memory" ? `${Math.round(value / 1024 ** 2)} MiB` : `${value.toFixed(2)} s`;
