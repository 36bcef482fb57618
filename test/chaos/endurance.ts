/** Releases back to back under all the load that the machine bears: good ones, bad ones, rollbacks, and bad ones that bake. */
import { Checkout } from "../e2e/support/checkout.ts";
import { startLoad } from "../e2e/support/load.ts";
import { storedNotes, wrongNotes } from "./notes.ts";
import { endAll, type Ended, startCommand } from "./update.ts";
import { differences, recorded } from "./view.ts";

type Kind = "good" | "bad" | "rollback" | "baked";

/** 12 good releases, 5 bad ones, 3 rollbacks, 2 bad ones that bake; then good ones until the requests are enough. */
const PLAN: readonly Kind[] = [
  "good",
  "bad",
  "good",
  "rollback",
  "good",
  "bad",
  "good",
  "baked",
  "good",
  "bad",
  "good",
  "rollback",
  "good",
  "bad",
  "good",
  "baked",
  "good",
  "bad",
  "good",
  "rollback",
  "good",
  "good",
];
const STATUS = "app/src/routes/status.ts";
const GOOD = 'web.get("/about", async () => ({';
const BAD = 'web.get("/about", async () => ({ broken: (() => { throw new Error("out of order"); })(),';
/** Percent of errors that a release may answer: of all requests, those for what is broken are some 4 %. */
const BAD_SHARE = 1;
/** The load itself ends after this time, in milliseconds. */
const LONGEST = 3 * 3600_000;

export interface EnduranceResult {
  readonly holds: boolean;
  readonly problems: readonly string[];
  readonly requests: number;
  readonly failed: number;
  /** Failed requests that a bad release itself answered while it baked: with status 500, which the gateway never gives. */
  readonly answeredBadly: number;
  readonly done: Readonly<Record<Kind, number>>;
  readonly requestsPerSecond: number;
  readonly notes: number;
  /** The longest that one quick request took. */
  readonly longestSeconds: number;
  readonly seconds: number;
}

export interface EnduranceOptions {
  readonly requests: number;
  /** Only so many releases of the plan. Default: all. */
  readonly releases?: number;
  readonly signal: AbortSignal;
  say(line: string): void;
}

export async function runEndurance({ requests, releases = PLAN.length, signal, say }: EnduranceOptions): Promise<EnduranceResult> {
  const base = { volumes: [{ name: "data", target: "/data" }], health: { deadline: "30s" }, drain: "10s", keepReleases: 3 };
  const checkout = await Checkout.make({ ...base, env: { GREETING: "Release 0" } }, { name: "chaos" });
  const done: Record<Kind, number> = { good: 0, bad: 0, rollback: 0, baked: 0 };
  const problems: string[] = [];
  let number = 0;
  signal.addEventListener("abort", endAll, { once: true });
  const run = (verb: string, ...words: string[]): Promise<Ended> => startCommand(checkout, verb, ...words).ended;
  const good = () => checkout.configure({ ...base, env: { GREETING: `Release ${++number}` } });

  const kinds: Readonly<Record<Kind, () => Promise<[wanted: RegExp | undefined, ended: Ended]>>> = {
    good: async () => {
      await good();
      return [undefined, await run("up", "--yes")];
    },
    bad: async () => {
      await checkout.configure({ ...base, env: { GREETING: "never", DATA_DIR: "/nowhere" }, health: { deadline: "5s" } });
      return [/is not healthy/, await run("up", "--yes")];
    },
    rollback: async () => [undefined, await run("rollback")],
    baked: async () => {
      await checkout.configure({ ...base, env: { GREETING: "bad" }, bake: { duration: "30s", errors: BAD_SHARE } });
      await checkout.edit(STATUS, GOOD, BAD);
      const ended = await run("up", "--yes");
      await checkout.edit(STATUS, BAD, GOOD);
      return [/was taken back/, ended];
    },
  };

  try {
    const first = await run("up", "--yes");
    if (first.code !== 0) throw new Error(`the first update failed:\n${first.output}`);
    const started = Date.now();
    const load = await startLoad({
      url: checkout.url,
      kinds: ["keepAlive", "newConnection", "stream", "post"],
      pause: 0,
      longest: LONGEST,
    });
    for (let index = 0; !signal.aborted && (index < releases || load.sent() < requests); index++) {
      const kind = PLAN[index] ?? "good";
      const [wanted, ended] = await kinds[kind]();
      done[kind]++;
      const right = wanted ? ended.code !== 0 && wanted.test(ended.output) : ended.code === 0;
      if (!right && !signal.aborted) problems.push(`release ${index + 1} (${kind}) ended with ${ended.code}:\n${ended.output}`);
      say(
        `${index + 1}. ${kind}: ${ended.seconds.toFixed(1)} s, ${right ? "as wanted" : "NOT AS WANTED"}; ${load.sent().toLocaleString("en")} requests`,
      );
    }
    let last = first;
    for (let more = 0; more < 2; more++) {
      // the first takes away the containers of a bad release, the second its image
      await good();
      last = await run("up", "--yes");
    }
    const report = await load.stop();
    const seconds = (Date.now() - started) / 1000;
    const answeredBadly = report.tallies["newConnection"]?.reasons["status 500"] ?? 0;
    const others = report.failed - answeredBadly;
    if (others > 0) problems.push(`${others} requests failed that no bad release answered: ${JSON.stringify(report.tallies)}`);
    if (last.code !== 0) problems.push(`the last update ended with ${last.code}:\n${last.output}`);
    problems.push(
      ...(await differences(checkout.stack, await recorded(checkout))),
      ...wrongNotes(report.posted, await storedNotes(checkout.url)),
    );
    return {
      holds: problems.length === 0 && !signal.aborted,
      problems,
      requests: report.sent,
      failed: report.failed,
      answeredBadly,
      done,
      requestsPerSecond: report.sent / seconds,
      notes: report.posted.length,
      longestSeconds: report.longest / 1000,
      seconds,
    };
  } finally {
    await checkout.remove();
  }
}
