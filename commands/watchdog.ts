/** Restarts replicas that turn unhealthy. Runs on the host, so no container gets the engine's socket. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { ownedBy, type Owner } from "../components/owner.ts";
import { parseDuration } from "../components/units.ts";
import { abortOnce, main } from "./shared/cli.ts";
import { docker, openEngine } from "./shared/docker.ts";
import { lookAtEngine } from "./view/found.ts";
import { heldBy } from "./update/locks.ts";
import { openPulumi, type PulumiCli } from "./shared/pulumiCli.ts";
import { chooseStack } from "./shared/stack.ts";
import { caredFor, DEFAULTS, isCalm, judge, type Past } from "./view/watchdogRules.ts";

const options = new Command("watchdog")
  .description("Restarts a replica of the live release that turns unhealthy, until Ctrl-C. See docs/guides/watchdog.md.")
  .option("-s, --stack <name>", "stack to look after (default: the selected one, else dev)")
  .option("--restarts <number>", "restarts before a replica is left alone", count, DEFAULTS.restarts)
  .option("--back-off <duration>", "from the first restart to the second; doubled each time", duration, DEFAULTS.backOff)
  .option("--once", "look once and end, for cron; exit code 1 where a replica is left alone")
  .parse()
  .opts<{ stack?: string; restarts: number; backOff: number; once?: true }>();

/** Milliseconds between two looks, which take 30 ms each. */
const LOOK_EVERY = 2000;

type Memory = Record<string, Past>;

let cli: PulumiCli;
let memoryFile: string;
let saidLast = "";
const ended = new AbortController();

await main(
  async () => {
    cli = await openPulumi();
    const stack = await chooseStack(cli, options.stack);
    const owner = await openEngine(cli.root, stack);
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

/** One look at the stack. Returns whether no replica had to be left alone. */
async function look(owner: Owner): Promise<boolean> {
  const memory = await readMemory();
  const unhealthy = await docker("ps", "--quiet", ...ownedBy(owner), "--filter", "health=unhealthy");
  if (unhealthy === "" && Object.keys(memory).length === 0) return true;
  const lock = await heldBy(cli, owner.stack);
  if (lock) {
    sayOnce(`An update is at work (process ${lock.pid} on ${lock.hostname}): nothing is restarted meanwhile.`);
    return true;
  }
  const { containers, routes } = await lookAtEngine(owner);
  const replicas = caredFor(containers, routes?.flatMap(({ targets }) => targets.map((target) => target.replace(/:\d+$/, ""))));
  const next: Memory = {};
  for (const { name, health } of replicas) {
    const past = health === "unhealthy" ? await care(name, memory[name]) : rest(name, health, memory[name]);
    if (past) next[name] = past;
  }
  await writeMemory(next);
  return !Object.values(next).some(({ told: last }) => last === "left");
}

/** Does for an unhealthy replica what the rules say. */
async function care(name: string, past: Past | undefined): Promise<Past> {
  const verdict = judge(past, Date.now(), options);
  if (verdict.kind === "restart") {
    say(`${name} is unhealthy: restart ${verdict.number} of ${options.restarts}`);
    await docker("restart", name);
    return { restarts: verdict.number, last: Date.now() };
  }
  const { restarts, last, told: before } = past ?? { restarts: 0, last: 0, told: undefined };
  if (verdict.kind === "wait") {
    if (before !== "waiting") say(`${name} is unhealthy again: next restart in ${verdict.seconds} s`);
    return { restarts, last, told: "waiting" };
  }
  if (before !== "left" || options.once) say(`${name} is unhealthy after ${restarts} restarts: left alone. Look: docker logs ${name}. Make a new one: npm run up`);
  return { restarts, last, told: "left" };
}

/** Remembers a replica that is not unhealthy until it has been well for a while. */
function rest(name: string, health: string, past: Past | undefined): Past | undefined {
  if (!past || health !== "healthy") return past;
  if (past.told !== "well") say(`${name} is healthy again after restart ${past.restarts}`);
  return past.told === "left" || isCalm(past, Date.now()) ? undefined : { ...past, told: "well" };
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
  const text = await readFile(memoryFile, "utf8").catch(() => "{}");
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
