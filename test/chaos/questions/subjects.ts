/** What is asked of the engine by whom: commands, and steps as Pulumi's record has them. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { docker, lines } from "../../e2e/support/engine.ts";
import type { Board, Ended } from "./board.ts";

export interface Subject {
  /** Such as "status" or "step gate". */
  readonly name: string;
  /** Exit code of a run that nothing happens to. Default: 0. */
  readonly code?: number;
  /** Whether Pulumi or the stack's containers are changed, so that a clean update has to put it right. Default: false. */
  readonly changes?: true;
  /** Most of the alike questions that are struck. Default: all. */
  readonly most?: number;
  /** Whose questions take one fault only, because each takes an update: those of the steps have all three by themselves. */
  readonly once?: (who: string) => boolean;
  /** Whose questions are left to other subjects. Default: nobody's. */
  readonly without?: (who: string) => boolean;
  /** Makes what the first run needs. */
  prepare?(board: Board): Promise<unknown>;
  /** Makes each run like the first. */
  before?(board: Board): Promise<unknown>;
  run(board: Board): Promise<Ended>;
  /** Takes away what a run that failed may leave on purpose. */
  after?(board: Board): Promise<unknown>;
}

const command = (name: string, words: readonly string[], more: Partial<Subject> = {}): Subject => ({
  name,
  run: (board) => board.npm(...(words as [string])),
  ...more,
});

/** Programs that Pulumi runs, which have subjects of their own. */
const STEPS = ["gate", "route", "job", "record", "prune", "ready", "secrets", "seed", "limit"];
const ofStep = (who: string): boolean => STEPS.includes(who);

/** A step of Pulumi's record, with what is different of its input. @param end of its resource's name */
async function runStep(
  board: Board,
  end: string,
  { change = {}, env = {}, more = {} }: { change?: object; env?: Record<string, string>; more?: object } = {},
): Promise<Ended> {
  const [, step] = [...(await board.steps())].find(([name]) => name.endsWith(end)) ?? [];
  if (!step) throw new Error(`there is no step ${end}`);
  const input =
    step.env["BERTH_INPUT"] === undefined
      ? {}
      : { BERTH_INPUT: JSON.stringify({ ...(JSON.parse(step.env["BERTH_INPUT"]) as object), ...change, ...more }) };
  return board.run(process.execPath, [`steps/${step.verb}.ts`], { stdin: step.stdin, env: { ...step.env, ...input, ...env } });
}

const step = (name: string, end: string, more: Partial<Subject> = {}): Subject => ({
  name: `step ${name}`,
  run: (board) => runStep(board, end),
  ...more,
});

const mine = (board: Board, part: string): string[] => [
  "--filter",
  `label=berth.stack=${board.checkout.stack}`,
  "--filter",
  `label=berth.part=${part}`,
];

/** Removes containers of a part. */
async function sweep(board: Board, ...parts: string[]): Promise<void> {
  for (const part of parts) {
    const found = lines(await docker("ps", "--all", "--quiet", ...mine(board, part)));
    if (found.length > 0) await docker("rm", "--force", ...found);
  }
}

/** A volume of its own, for what may not be done to the stack's. */
const scratch = (board: Board): string => `berth-${board.checkout.stack}-scratch`;
const dropScratch = (board: Board) => docker("volume", "rm", "--force", scratch(board));
const makeScratch = async (board: Board, part: string) => {
  await sweep(board, "helper", "secrets");
  await dropScratch(board);
  await docker(
    "volume",
    "create",
    "--label",
    `berth.stack=${board.checkout.stack}`,
    "--label",
    "berth.project=berth",
    "--label",
    `berth.part=${part}`,
    scratch(board),
  );
};

/** A replica that the watchdog remembers, so that it looks further. */
const remember = (board: Board) =>
  board.checkout.write(
    join(".berth", "watchdog", `${board.checkout.stack}.json`),
    JSON.stringify({ ghost: { restarts: 1, last: Date.now() } }),
  );

/** Commands that only look, and end soon. */
export const LOOKING: readonly Subject[] = [
  command("status", ["status"]),
  command("drift", ["drift"]),
  command("logs", ["logs", "--gateway"]),
  command("cp out", ["cp", "web-1:/app/package.json", "copied.json"]),
  command("cp in", ["cp", "package.json", "volume/data:/copied.json"]),
  command("secrets", ["secrets"]),
  command("watchdog --once", ["watchdog", "--once"], { before: remember }),
  command("destroy (refused)", ["destroy"], { code: 1 }),
  command("adopt (refused)", ["adopt"], { code: 1 }),
  command("prune", ["prune", "--yes"], { before: (board) => makeScratch(board, "secrets"), after: dropScratch }),
  command("backups", ["backups"]),
];

/** Steps alone. */
export const STEP_SUBJECTS: readonly Subject[] = [
  step("gate", "gate-probe", { most: 2 }),
  step("route", "route-switch"),
  step("record", "record-copy"),
  step("prune", "prune-images"),
  step("limit", "web-pids"),
  step("ready", "cache-ready"),
  {
    name: "step secrets",
    run: (board) => runStep(board, "web-secrets-files", { env: { PULUMI_COMMAND_STDOUT: scratch(board) } }),
    before: (board) => makeScratch(board, "secrets"),
    after: (board) => sweep(board, "secrets").then(() => dropScratch(board)),
  },
  {
    name: "step secrets (new)",
    run: (board) => runStep(board, "web-secrets-files", { more: { process: `new${randomBytes(2).toString("hex")}` } }),
    after: async (board) => {
      await sweep(board, "secrets");
      const made = lines(await docker("volume", "ls", "--quiet", ...mine(board, "secrets"))).filter((name) =>
        name.includes("-secrets-new"),
      );
      if (made.length > 0) await docker("volume", "rm", ...made);
    },
  },
  {
    name: "step seed",
    run: async (board) => {
      const image = (JSON.parse(await docker("image", "inspect", await imageOf(board))) as { Id: string }[])[0]?.Id ?? "";
      const input = {
        owner: { project: "berth", stack: board.checkout.stack },
        volume: scratch(board),
        target: "/data",
        seed: "docs",
        image,
        user: { uid: 1000, gid: 1000 },
      };
      return board.run(process.execPath, ["steps/seed.ts"], { env: { BERTH_INPUT: JSON.stringify(input) } });
    },
    before: (board) => makeScratch(board, "data"),
    after: (board) => sweep(board, "helper").then(() => dropScratch(board)),
  },
  {
    name: "step dropVolume",
    run: (board) => board.run(process.execPath, ["steps/dropVolume.ts"], { env: { PULUMI_COMMAND_STDOUT: scratch(board) } }),
    before: (board) => makeScratch(board, "secrets"),
    after: dropScratch,
  },
  {
    name: "step job",
    run: (board) => runStep(board, "migration-run", { change: { run: true }, env: { PULUMI_COMMAND_STDOUT: "" } }),
    before: (board) => sweep(board, "job", "snapshot"),
    after: (board) => sweep(board, "job", "snapshot"),
    most: 1,
  },
];

/** Another release, so that there is one before it; and a backup. */
const release = (board: Board) => board.change().then(() => board.converge());
const backUp = async (board: Board): Promise<void> => {
  const { code, output } = await board.npm("backup");
  if (code !== 0) throw new Error(`a clean backup ended with ${code}:\n${output}`);
};

/** Commands that change the stack or its backups. */
export const CHANGING: readonly Subject[] = [
  command("backup", ["backup"], { most: 3 }),
  command("drill", ["drill"], { most: 2, prepare: backUp }),
  command("preview", ["preview"], { most: 1, before: (board) => board.change() }),
  command("up", ["up", "--yes"], { changes: true, most: 1, once: ofStep, before: (board) => board.change() }),
  command("rollback", ["rollback"], { changes: true, most: 1, once: () => true, without: ofStep, prepare: release }),
  command("restore", ["restore", "data", "--yes"], { changes: true, most: 1, once: () => true, without: ofStep, prepare: backUp }),
  {
    name: "secrets rotate",
    run: (board) => board.npmReading(randomBytes(8).toString("hex"), "secrets", "rotate", "TOKEN", "--yes"),
    changes: true,
    most: 1,
    once: () => true,
    without: (who) => who !== "secrets" && ofStep(who),
  },
];

export const SUBJECTS = [...LOOKING, ...STEP_SUBJECTS, ...CHANGING];

const imageOf = async (board: Board): Promise<string> =>
  lines(await docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "--filter", `label=berth.stack=${board.checkout.stack}`))[0] ??
  "";
