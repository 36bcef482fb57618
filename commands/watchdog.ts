/** Restarts replicas that turn unhealthy. Runs on the host, so no container gets the engine's socket. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { EngineError } from "../docker/engineError.ts";
import { listContainers, restartContainer } from "../engine/containers.ts";
import { type FoundContainer, lookAtEngine } from "../engine/found.ts";
import { ownedBy, type Owner } from "../release/labels.ts";
import { holderOf, type Lock, StackHeld, takeLock } from "../engine/lock.ts";
import { openEngine } from "../engine/openEngine.ts";
import { parseDuration } from "../settings/units.ts";
import { abortOnce, main } from "./shared/cli.ts";
import { openPulumi, type PulumiCli } from "../stack/pulumiCli.ts";
import { chooseStack } from "../stack/stack.ts";
import { caredFor, decide, DEFAULTS, isCalm, isUnwell, type Memory, type Past, remembered, type Verdict } from "./view/watchdogRules.ts";

const options = new Command("watchdog")
  .description("Restarts a replica of the live release that turns unhealthy, until Ctrl-C. See docs/guides/watchdog.md.")
  .option("-s, --stack <name>", "stack to look after (default: the selected one, else dev)")
  .option("--restarts <number>", "restarts before a replica is left alone", count, DEFAULTS.restarts)
  .option("--back-off <duration>", "from the first restart to the second; doubled each time", duration, DEFAULTS.backOff)
  .option("--once", "look once and end, for cron; exit code 1 where a replica is left alone or the gateway is silent")
  .parse()
  .opts<{ stack?: string; restarts: number; backOff: number; once?: true }>();

/** Milliseconds between two looks, which take 30 ms each. */
const LOOK_EVERY = 2000;

let cli: PulumiCli;
let memoryFile: string;
let saidLast = "";
const ended = new AbortController();

await main(
  async () => {
    cli = await openPulumi();
    const stack = await chooseStack(cli, options.stack);
    const owner = await openEngine(cli, stack);
    memoryFile = join(cli.root, ".berth", "watchdog", `${stack}.json`);
    if (options.once) return (await look(owner)) ? 0 : 1;
    say(`Looking after stack ${stack}: ${options.restarts} restarts, ${options.backOff} s doubling.`);
    while (!ended.signal.aborted) {
      await look(owner).catch((error: Error) => sayOnce(`cannot look: ${error.message}`)); // the engine may be restarting
      await sleep(LOOK_EVERY, undefined, { signal: ended.signal }).catch(() => undefined);
    }
    say("Stopped.");
    return 0;
  },
  { onSignal: () => abortOnce(ended) },
);

/** One look at the stack. Returns whether it could be looked at and no replica had to be left alone. */
async function look(owner: Owner): Promise<boolean> {
  const memory = await readMemory();
  const unhealthy = await listContainers({ ...ownedBy(owner), health: ["unhealthy"] });
  if (unhealthy.length === 0 && Object.keys(memory).length === 0) return true;
  const holder = await holderOf(owner);
  if (holder) {
    sayOnce(
      `Somebody changes the stack (${holder.what} by ${holder.user} on ${holder.host}, process ${holder.pid}, since ${holder.since}): nothing is restarted meanwhile.`,
    );
    return true;
  }
  const found = await lookAtEngine(owner);
  if (found.routes === "silent") {
    sayOnce("The gateway does not say where it leads: nothing is restarted until it does.");
    return false;
  }
  const replicas = caredFor(found, memory);
  const next = remembered(memory, found.containers, Date.now());
  for (const replica of replicas.filter((one) => !isUnwell(one, memory[one.name]))) {
    const past = rest(replica, memory[replica.name]);
    if (past) next[replica.name] = past;
    else delete next[replica.name];
  }
  for (const { replica, verdict } of decide(replicas, memory, Date.now(), options)) {
    next[replica.name] = await care(owner, replica, verdict, memory[replica.name]);
    if (verdict.kind === "restart") await writeMemory(next); // the next one may take a minute, and this program may be ended meanwhile
  }
  await writeMemory(next);
  return !replicas.some(({ name }) => next[name]?.told === "left");
}

/** Does for a replica that is unwell what the rules say. */
async function care(owner: Owner, { name, state }: FoundContainer, verdict: Verdict, past: Past = { restarts: 0, last: 0 }): Promise<Past> {
  const { restarts, told: before } = past;
  const unwell = state === "running" ? "is unhealthy" : "does not run";
  switch (verdict.kind) {
    case "restart":
      say(`${name} ${unwell}: restart ${verdict.number} of ${options.restarts}`);
      return restart(owner, name, verdict.number);
    case "wait":
      if (before !== "waiting") say(`${name} ${unwell} again: next restart in ${verdict.seconds} s`);
      return { ...past, told: "waiting" };
    case "queue":
      if (before !== "queued") say(`${name} ${unwell}, too: its restart comes after that of ${verdict.behind}`);
      return { ...past, told: "queued" };
    case "leave":
      if (before !== "left" || options.once) {
        say(`${name} ${unwell} after ${restarts} restarts: left alone. Look: docker logs ${name}. Make a new one: npm run up`);
      }
      return { ...past, told: "left" };
  }
}

/** A restart that fails is an attempt like any other. */
async function restart(owner: Owner, name: string, number: number): Promise<Past> {
  let lock: Lock | undefined;
  try {
    lock = await takeLock(owner, "watchdog");
    await lock.held; // else an update could begin in the middle of it
    await restartContainer(name);
    return { restarts: number, last: Date.now() };
  } catch (error) {
    if (!(error instanceof EngineError || error instanceof StackHeld)) throw error;
    say(`restart ${number} of ${name} failed: ${error.message}`);
    return { restarts: number, last: Date.now(), failed: true };
  } finally {
    lock?.release();
  }
}

/** Remembers a replica that is not unwell until it has been well for a while. */
function rest({ name, health }: FoundContainer, past: Past | undefined): Past | undefined {
  if (!past || health !== "healthy") return past;
  if (past.told !== "well" && past.restarts > 0) say(`${name} is healthy again after restart ${past.restarts}`);
  const { restarts, last, told } = past;
  return told === "left" || restarts === 0 || isCalm(past, Date.now()) ? undefined : { restarts, last, told: "well" };
}

function say(line: string): void {
  saidLast = line;
  console.log(`${new Date().toISOString()} ${line}`);
}

/** Not again what was said last. */
function sayOnce(line: string): void {
  if (line !== saidLast) say(line);
}

/** Kept in a file, so that neither --once nor a restart of the watchdog begins to count anew. */
async function readMemory(): Promise<Memory> {
  const text = await readFile(memoryFile, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "{}";
    throw error;
  });
  return JSON.parse(text) as Memory;
}

async function writeMemory(memory: Memory): Promise<void> {
  await mkdir(dirname(memoryFile), { recursive: true });
  await writeFile(`${memoryFile}.new`, JSON.stringify(memory));
  await rename(`${memoryFile}.new`, memoryFile); // it appears whole
}

function count(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError("want a whole number from 1 to 9999.");
  return Number(text);
}

function duration(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined || seconds < 1) throw new InvalidArgumentError('want a duration of at least 1s, such as "10s".');
  return seconds;
}
