/** Rows written while a stack is released, taken back, restarted and killed: is each one that was acknowledged still there? */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Checkout } from "../e2e/support/checkout.ts";
import { storedNotes, wrongNotes } from "./notes.ts";
import { OwnEngine } from "./ownEngine.ts";
import { endAll, type Ended, startCommand } from "./update.ts";

export type Database = "sqlite" | "postgres";
type Event = "release" | "rollback" | "engine restart" | "kill";

/** 10 releases, 3 rollbacks, a restart of the engine, and a SIGKILL of everything in the middle of an update. */
const PLAN: readonly Event[] = [
  "release",
  "release",
  "rollback",
  "release",
  "release",
  "engine restart",
  "release",
  "release",
  "rollback",
  "release",
  "kill",
  "release",
  "release",
  "rollback",
  "release",
];
/** Clients that write at once. */
const WRITERS = 16;
/** Milliseconds until a request counts as failed, and until a failed one is sent again. */
const PATIENCE = 40_000;
const PAUSE = 100;
/** Milliseconds from the start of an update to its end by SIGKILL: it has begun with the containers then. */
const MIDDLE = 4000;

const run = promisify(execFile);

export interface DurabilityResult {
  readonly database: Database;
  readonly holds: boolean;
  readonly problems: readonly string[];
  readonly rows: number;
  /** Requests that were not acknowledged, and sent again. */
  readonly refused: number;
  /** Rows that are stored, those included whose acknowledgement was lost. */
  readonly stored: number;
  readonly events: Readonly<Record<Event, number>>;
  readonly seconds: number;
}

export interface DurabilityOptions {
  readonly rows: number;
  readonly signal: AbortSignal;
  say(line: string): void;
}

export async function runDurability(database: Database, { rows, signal, say }: DurabilityOptions): Promise<DurabilityResult> {
  signal.addEventListener("abort", endAll, { once: true });
  const engine = await OwnEngine.start();
  try {
    const base = {
      bindAddress: "0.0.0.0", // the engine's loopback is not this machine's
      volumes: database === "sqlite" ? [{ name: "data", target: "/data" }] : [],
      accessories: database === "postgres" ? [{ name: "database", kind: "postgres" }] : [],
      health: { deadline: "60s" },
      drain: "10s",
      keepReleases: 3,
    };
    const checkout = await Checkout.make(
      { ...base, env: { GREETING: "Release 0" } },
      { name: "durability", env: { DOCKER_HOST: engine.host } },
    );
    try {
      return await strike(database, checkout, engine, base, { rows, signal, say });
    } finally {
      await checkout.remove();
    }
  } finally {
    await engine.remove();
  }
}

async function strike(
  database: Database,
  checkout: Checkout,
  engine: OwnEngine,
  base: Record<string, unknown>,
  { rows, signal, say }: DurabilityOptions,
): Promise<DurabilityResult> {
  const url = `http://${engine.address}:${checkout.port}`;
  const done: Record<Event, number> = { release: 0, rollback: 0, "engine restart": 0, kill: 0 };
  const problems: string[] = [];
  let number = 0;
  const release = () => checkout.configure({ ...base, env: { GREETING: `Release ${++number}` } });
  const ofCommand = async (verb: string, ...words: string[]): Promise<Ended> => startCommand(checkout, verb, ...words).ended;

  const events: Readonly<Record<Event, () => Promise<Ended>>> = {
    release: async () => {
      await release();
      return ofCommand("up", "--yes");
    },
    rollback: async () => {
      const ended = await ofCommand("rollback");
      await checkout.pulumiOk("config", "rm", "berth:release", "--stack", checkout.stack);
      return ended;
    },
    "engine restart": async () => {
      await engine.restart();
      return ofCommand("up", "--yes");
    },
    kill: async () => {
      await release();
      const update = startCommand(checkout, "up", "--yes");
      await sleep(MIDDLE);
      update.kill();
      await killContainers(checkout);
      await update.ended;
      return ofCommand("up", "--yes");
    },
  };

  const first = await ofCommand("up", "--yes");
  if (first.code !== 0) throw new Error(`the first update failed:\n${first.output}`);
  const started = Date.now();
  const writers = startWriters(url);
  try {
    for (const [index, event] of PLAN.entries()) {
      if (signal.aborted) break;
      const ended = await events[event]();
      done[event]++;
      const right = ended.code === 0;
      if (!right) problems.push(`${event} (${index + 1}) ended with ${ended.code}:\n${ended.output}`);
      say(
        `${database} ${index + 1}/${PLAN.length} ${event}: ${ended.seconds.toFixed(1)} s, ${right ? "as wanted" : "NOT AS WANTED"}; ${writers.acknowledged.length.toLocaleString("en")} rows`,
      );
    }
    while (!signal.aborted && writers.acknowledged.length < rows) await sleep(1000);
  } finally {
    await writers.stop();
  }
  const seconds = (Date.now() - started) / 1000;
  const stored = await storedNotes(url);
  problems.push(...wrongNotes(writers.acknowledged, stored));
  return {
    database,
    holds: problems.length === 0 && !signal.aborted,
    problems,
    rows: writers.acknowledged.length,
    refused: writers.refused(),
    stored: stored.size,
    events: done,
    seconds,
  };
}

/** Clients that write one row after the other, each until it is acknowledged. */
function startWriters(url: string): { readonly acknowledged: readonly string[]; refused(): number; stop(): Promise<void> } {
  const acknowledged: string[] = [];
  let refused = 0;
  let stopped = false;
  const write = async (): Promise<void> => {
    while (!stopped) {
      const id = randomUUID();
      while (!(await post(url, id)) && !stopped) {
        refused++;
        await sleep(PAUSE);
      }
      if (!stopped) acknowledged.push(id);
    }
  };
  const all = Promise.all(Array.from({ length: WRITERS }, write));
  return {
    acknowledged,
    refused: () => refused,
    async stop() {
      stopped = true;
      await all;
    },
  };
}

/** Whether the row was acknowledged. */
async function post(url: string, id: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/notes`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id, text: `Row ${id}` }),
      signal: AbortSignal.timeout(PATIENCE),
    });
    await answer.text();
    return answer.status === 201;
  } catch {
    return false; // cut off, refused, or late
  }
}

/** SIGKILL to every process of the stack's containers, past the engine, which then brings them back. */
async function killContainers({ stack, env }: Checkout): Promise<void> {
  const docker = async (...words: string[]) => (await run("docker", words, { env })).stdout.split("\n").filter(Boolean);
  const ids = await docker("ps", "--quiet", "--filter", `label=berth.stack=${stack}`);
  for (const pid of await docker("inspect", "--format", "{{.State.Pid}}", ...ids))
    if (Number(pid) > 0) process.kill(Number(pid), "SIGKILL");
}
