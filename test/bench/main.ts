/** `npm run bench`: makes all sides, measures them, removes them. */
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { machineClass } from "../chaos/run.ts";
import { makeFolder } from "../e2e/support/leftovers.ts";
import { VERSIONS } from "../../toolchain/versions.ts";
import { chart } from "./chart.ts";
import type { Part } from "./figures.ts";
import { Ground } from "./ground.ts";
import type { Report } from "./report.ts";
import { runRounds } from "./rounds.ts";
import { page, terminalTable } from "./table.ts";

export interface BenchArgs {
  readonly root: string;
  readonly parts: readonly Part[];
  readonly runs: number;
  /** Words after `npm run bench`. */
  readonly command: string;
  readonly commit: string;
  readonly signal: AbortSignal;
  say(line: string): void;
}

export interface Outcome {
  /** Whether no request failed that Berth had to answer. */
  readonly holds: boolean;
  readonly json: string;
  /** Texts by the name of the file to write. */
  readonly files: Readonly<Record<string, string>>;
}

export async function runBench({ root, parts, runs, command, commit, signal, say }: BenchArgs): Promise<Outcome> {
  const started = Date.now();
  await makeFolder(); // for all that is temporary, that of programs which are ended included
  const folder = tmpdir();
  try {
    const machine = await machineClass();
    say(`${runs} runs of ${parts.join(", ")}, some ${Math.ceil(typicalMinutes(parts, runs))} minutes`);
    const ground = await Ground.make({ root, parts, signal, say });
    const results = await runRounds({ ground, parts, runs, say }).finally(async () => {
      say("removing all that was made");
      await ground.remove();
    });
    const { pulumi, compose, buildx } = VERSIONS;
    const report: Report = {
      date: new Date().toISOString().slice(0, 10),
      command,
      commit,
      machine,
      versions: { pulumi, compose, buildx },
      minutes: (Date.now() - started) / 60_000,
      runs,
      ...results,
    };
    say(`\n${terminalTable(report)}`);
    const json = JSON.stringify(report, undefined, 2);
    const failed = report.rows.find(({ what, side }) => what === "release" && side === "Berth")?.failed ?? 0;
    if (failed > 0) say(`${failed} requests failed during Berth's releases, where none may`);
    return { holds: failed === 0, json, files: { "bench.json": json, "bench.md": page(report), "bench.svg": chart(report) } };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Seconds of one run of all sides, on two processors. */
const TYPICAL: Readonly<Record<Part, number>> = { release: 20, unchanged: 5, replicas: 60, memory: 12, status: 2, floor: 6, trace: 0 };
const typicalMinutes = (parts: readonly Part[], runs: number): number =>
  (60 + runs * parts.reduce((sum, part) => sum + TYPICAL[part], 0)) / 60;
