/** The measurements, in alternation: each round has every side once, and the next one begins with another side. */
import { join } from "node:path";
import { tmpdir } from "node:os";
import { type Report, startLoad } from "../e2e/support/load.ts";
import { EventTail, readLog } from "./eventLog.ts";
import { type Part, type Row, type Sample, say as words, type SideName, type What } from "./figures.ts";
import type { Ground } from "./ground.ts";
import type { Measured, Watch } from "./measure.ts";
import { type Peak, peakOf, spansOf } from "./processes.ts";
import type { Side } from "./side.ts";
import { type Trace, traceOf } from "./trace.ts";

/** Milliseconds between two looks at the processes: for their memory, and for the trace. */
const MEMORY_EVERY = 50;
const TRACE_EVERY = 20;
/** Few clients that ask often: a short gap is met, and the processors are left alone. Milliseconds between two requests. */
const PAUSE = 25;
const KINDS = ["newConnection", "post"];

export interface RoundsArgs {
  readonly ground: Ground;
  readonly parts: readonly Part[];
  /** Number of rounds. */
  readonly runs: number;
  say(line: string): void;
}

export interface Results {
  readonly rows: readonly Row[];
  /** What had the memory at the highest peak of each side. */
  readonly peaks: Readonly<Partial<Record<SideName, Peak>>>;
  readonly trace?: Trace | undefined;
}

export async function runRounds({ ground, parts, runs, say }: RoundsArgs): Promise<Results> {
  const rows: { what: What; side: SideName; samples: Sample[]; requests?: number; failed?: number }[] = [];
  const peaks: Partial<Record<SideName, Peak>> = {};
  const add = (round: number, what: What, side: SideName, sample: Sample, asked?: { sent: number; failed: number }) => {
    const row = rows.find((one) => one.what === what && one.side === side) ?? rows[rows.push({ what, side, samples: [] }) - 1];
    if (row === undefined) return;
    row.samples.push(sample);
    if (asked) Object.assign(row, { requests: (row.requests ?? 0) + asked.sent, failed: (row.failed ?? 0) + asked.failed });
    say(
      `${round}/${runs} ${what}, ${side}: ${words(what, sample.value)}${asked ? `, ${asked.failed} of ${asked.sent} requests failed` : ""} (load ${sample.load.toFixed(1)})`,
    );
  };
  const two = ground.sides.filter(({ name }) => name !== "Compose, 1 replica");
  const turn = (sides: readonly Side[], round: number) =>
    sides.map((_, index) => sides[(index + round) % sides.length]).filter((side) => side !== undefined);

  const measured: Readonly<Record<Exclude<Part, "trace" | "replicas">, (round: number) => Promise<void>>> = {
    async release(round) {
      for (const side of turn(ground.sides, round)) {
        const [{ seconds, load }, report] = await releaseUnderLoad(ground, side);
        add(round, "release", side.name, { value: seconds, load }, report);
      }
    },
    async unchanged(round) {
      for (const side of turn(two, round)) {
        const { seconds, load } = await ground.run(side, side.update);
        add(round, "unchanged", side.name, { value: seconds, load });
      }
    },
    async memory(round) {
      for (const side of turn(two, round)) {
        await side.change();
        const { samples, load } = await ground.run(side, side.update, { every: MEMORY_EVERY, memory: true });
        const peak = peakOf(samples.map(({ processes }) => processes));
        if (peak.bytes > (peaks[side.name]?.bytes ?? 0)) peaks[side.name] = peak;
        add(round, "memory", side.name, { value: peak.bytes, load });
      }
    },
    async status(round) {
      for (const side of turn(two, round)) {
        const { seconds, load } = await ground.run(side, side.status);
        add(round, "status", side.name, { value: seconds, load });
      }
    },
    async floor(round) {
      for (const what of ["floor changed", "floor unchanged"] as const) {
        if (what === "floor changed") await ground.floor.change();
        const { seconds, load } = await ground.alone(ground.floor.update);
        add(round, what, "Pulumi alone", { value: seconds, load });
      }
    },
  };

  for (let round = 1; round <= runs; round++) {
    for (const part of parts) if (part !== "trace" && part !== "replicas") await measured[part](round);
  }
  const trace = parts.includes("trace") ? await quickestTrace(ground) : undefined;
  if (parts.includes("replicas")) {
    for (const side of two) {
      await side.replicas(20);
      say(`to 20 replicas, ${side.name}: ${(await ground.run(side, side.update)).seconds.toFixed(2)} s`);
    }
    await ground.floor.replicas(20);
    say(`to 20 replicas, Pulumi alone: ${(await ground.alone(ground.floor.update)).seconds.toFixed(2)} s`);
    for (let round = 1; round <= runs; round++) {
      for (const side of turn(two, round)) {
        await side.change();
        const { seconds, load } = await ground.run(side, side.update);
        add(round, "20 replicas", side.name, { value: seconds, load });
      }
      await ground.floor.change();
      const { seconds, load } = await ground.alone(ground.floor.update);
      add(round, "floor 20 replicas", "Pulumi alone", { value: seconds, load });
    }
  }
  return { rows, peaks, trace };
}

/** A release while people ask. */
async function releaseUnderLoad(ground: Ground, side: Side, watch: Omit<Watch, "signal"> = {}): Promise<[Measured, Report]> {
  await side.change();
  await ground.only(side);
  const load = await startLoad({ url: side.url, kinds: KINDS, pause: PAUSE });
  const measured = await ground.run(side, side.update, watch).catch(async (error: unknown) => {
    await load.stop();
    throw error;
  });
  return [measured, await load.stop()];
}

/** Of three: other work on the machine would show up in one or the other phase. */
async function quickestTrace(ground: Ground): Promise<Trace> {
  const traces = [await traceRelease(ground, 1), await traceRelease(ground, 2), await traceRelease(ground, 3)];
  const total = ({ phases }: Trace) => phases.at(-1)?.to ?? Infinity;
  return traces.reduce((best, one) => (total(one) < total(best) ? one : best));
}

async function traceRelease(ground: Ground, number: number): Promise<Trace> {
  const tail = new EventTail(tmpdir(), join(tmpdir(), `bench-events-${number}`));
  try {
    const [{ seconds, samples }] = await releaseUnderLoad(ground, ground.berth, { every: TRACE_EVERY, look: (at) => tail.look(at) });
    return traceOf(readLog(tail.lines), spansOf(samples), seconds * 1000);
  } finally {
    tail.close();
  }
}
