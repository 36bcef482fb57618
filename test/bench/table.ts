/** The figures in words: for a terminal, and as a page. Pure. */
import Table from "cli-table3";
import { figureOf, MEANING, type Row, say, SIDES, WHATS } from "./figures.ts";
import type { Report } from "./report.ts";

const HEAD = ["what", "side", "median", "min", "max", "runs", "load", "requests failed"] as const;
const sorted = (rows: readonly Row[]) =>
  WHATS.flatMap((what) => SIDES.flatMap((side) => rows.filter((row) => row.what === what && row.side === side)));

function cells(row: Row): string[] {
  const { median, min, max, runs, load } = figureOf(row);
  const failed = row.requests === undefined ? "" : `${row.failed ?? 0} of ${row.requests}`;
  return [row.what, row.side, ...[median, min, max].map((value) => say(row.what, value)), String(runs), load.toFixed(1), failed];
}

/** For a terminal. */
export function terminalTable({ rows, trace }: Report): string {
  const table = new Table({ head: [...HEAD], style: { head: [], border: [], compact: true } });
  table.push(...sorted(rows).map(cells));
  if (!trace) return table.toString();
  const parts = new Table({ head: ["one release of Berth", "from", "took"], style: { head: [], border: [], compact: true } });
  parts.push(...trace.phases.map(({ name, from, to }) => [name, seconds(from), seconds(to - from)]));
  return `${table.toString()}\n${parts.toString()}`;
}

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`;
const row = (...words: readonly string[]) => `| ${words.map((word) => word.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
const head = (...names: readonly string[]) => [row(...names), row(...names.map(() => "---"))];

/** Processes that lived so long are in the page's list, in milliseconds. */
const WORTH_TELLING = 30;

/** A page. */
export function page(report: Report): string {
  const { date, command, commit, machine, versions, minutes, rows } = report;
  const measured = WHATS.filter((what) => rows.some((one) => one.what === what));
  return [
    "# How long it takes, beside Docker Compose",
    "",
    `\`${command}\` on ${date}, commit ${commit}, ${Math.round(minutes)} minutes on: ${machine}.`,
    `Pulumi ${versions.pulumi}, Compose ${versions.compose}, buildx ${versions.buildx}. Both deliver the example app, with the same limits, in alternation.`,
    "",
    "![Medians of each side](bench.svg)",
    "",
    ...head("what", "is"),
    ...measured.map((what) => row(what, MEANING[what])),
    "",
    "Compose runs `docker compose up --build --wait`; its health check asks every second (every 3 s with 20 replicas, where checks that start a Node",
    "every second hold each other up), since the image's own, every 15 s, would be waited for. It stops each old container before its new one starts.",
    "Pulumi alone is started with the settings that Berth gives it. `load` is the load average of the minute before a run, the median of all runs.",
    "",
    "## Figures",
    "",
    ...head(...HEAD),
    ...sorted(rows).map((one) => row(...cells(one))),
    "",
    ...memoryOf(report),
    ...traceOf(report),
    "Options: `--runs <n>`, `--parts <names>`, `--json`. What it writes goes to `.berth/bench`; a run of all parts also writes this page.",
    "",
  ].join("\n");
}

function memoryOf({ peaks }: Report): string[] {
  const lines = SIDES.flatMap((side) => {
    const peak = peaks[side];
    return peak
      ? [
          row(
            side,
            say("memory", peak.bytes),
            Object.entries(peak.parts)
              .map(([name, bytes]) => `${name} ${say("memory", bytes)}`)
              .join(", "),
          ),
        ]
      : [];
  });
  return lines.length === 0 ? [] : ["## What has the memory at the highest peak", "", ...head("side", "peak", "of this"), ...lines, ""];
}

function traceOf({ trace }: Report): string[] {
  if (!trace) return [];
  const long = trace.processes.filter(({ from, to }) => to - from >= WORTH_TELLING);
  return [
    "## Where the time of one release of Berth goes",
    "",
    "The quickest of three, under requests as above. By Pulumi's event log, each line with the time at which it came, and by the processes that",
    "were seen, at a look every 20 ms, which costs a little.",
    "",
    ...head("phase", "from", "took"),
    ...trace.phases.map(({ name, from, to }) => row(name, seconds(from), seconds(to - from))),
    row("in all", "", seconds(trace.phases.at(-1)?.to ?? 0)),
    "",
    ...head("step of Pulumi", "does", "from", "took"),
    ...trace.steps.map(({ name, op, from, to }) => row(name, op, seconds(from), seconds(to - from))),
    "",
    ...head("process", "from", "lived"),
    ...long.map(({ name, from, to }) => row(`\`${name}\``, seconds(from), seconds(to - from))),
    "",
  ];
}
