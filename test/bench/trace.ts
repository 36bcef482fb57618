/** Where the time of one release goes: the command's own phases around `pulumi up`, and Pulumi's steps. Pure. */
import type { Log, Step } from "./eventLog.ts";
import type { Span } from "./processes.ts";

/** A part of the time; the parts of a trace follow each other, and together they are all of it. Milliseconds. */
export interface Phase {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export interface Trace {
  readonly phases: readonly Phase[];
  readonly steps: readonly Step[];
  /** Processes that lived long enough to be seen twice. */
  readonly processes: readonly Span[];
}

/** The stages of a release, by the names of its resources and Pulumi's word. */
const STAGES: readonly [name: string, is: (step: Step) => boolean][] = [
  ["delete the old replicas", ({ op }) => op.startsWith("delete")],
  ["build the image", ({ name }) => name.startsWith("image-")],
  ["make the new replicas", ({ name }) => /^web-\d+$/.test(name)],
  ["gate: wait until they are healthy", ({ name }) => name.startsWith("gate-") || name === "web-pids"],
  ["switch the traffic", ({ name }) => name.startsWith("route-")],
  ["copy the record, prune images", ({ name }) => /^(record|prune)-/.test(name)],
];
const OTHER = "other steps";
const stageOf = (step: Step): string => STAGES.find(([, is]) => is(step))?.[0] ?? OTHER;

/** @param total milliseconds that the command took */
export function traceOf(log: Log, processes: readonly Span[], total: number): Trace {
  const up = processes.find(({ name }) => name === "pulumi up");
  if (up === undefined) throw new Error("pulumi up was not seen");
  const command = processes.find(({ name }) => name === "run.mjs");
  const marks: [name: string, until: number][] = [
    ["npm starts", command?.from ?? up.from],
    ["the command starts, asks the engine, takes the lock", up.from],
    ["Pulumi starts, reads settings and state", log.prelude],
    ["the language host and Node start", log.loaded],
    ["the program reads settings and ledger, asks the engine", log.declared],
    ["plugins start, compare what is there", log.steps[0]?.from ?? up.to],
    ...stagesOf(log.steps),
    ["Pulumi writes the state and ends", up.to],
    ["the command asks what is live and ends", total],
  ];
  let from = 0;
  const phases = marks.map(([name, until]) => {
    const phase = { name, from, to: Math.max(from, until) };
    from = phase.to;
    return phase;
  });
  return { phases, steps: log.steps, processes: processes.filter((span) => span.to > span.from) };
}

/** Each stage until the next one begins; steps that overlap are the stage's that began first. */
function stagesOf(steps: readonly Step[]): [name: string, until: number][] {
  const stages: { name: string; from: number; to: number }[] = [];
  for (const step of steps) {
    const last = stages.at(-1);
    if (last?.name === stageOf(step)) last.to = Math.max(last.to, step.to);
    else stages.push({ name: stageOf(step), from: step.from, to: step.to });
  }
  const end = Math.max(0, ...steps.map(({ to }) => to));
  return stages.map(({ name }, index) => [name, stages[index + 1]?.from ?? end]);
}
