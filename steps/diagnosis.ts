/** Why a candidate is not healthy: what the gateway's probe got, how the container is, and its last log lines. */
import { findContainer, getContainer, logsOf } from "../engine/containers.ts";
import { EngineError } from "../docker/engineError.ts";
import type { ProbeInput } from "./probe.ts";

/** The gateway's last failed probe of a container. */
export interface Probe {
  readonly container: string;
  readonly url: string;
  /** Such as "unexpected status (503)" or "connection refused". */
  readonly answer: string;
}

export interface Findings {
  readonly seconds: string;
  readonly probes: readonly Probe[];
  /** Why the gateway's log does not tell what its probes got. */
  readonly unread?: string;
  /** Container that ended by itself. */
  readonly crashed?: string;
}

const LOG_LINES = 50;
const BODY_CHARACTERS = 300;

/**
 * What the engine was asked, or why it did not tell: a story that is told of a failure is never lost to another one.
 * @throws what is no error of the engine
 */
const unlessUnknown = <T>(question: Promise<T>, unknown: (why: string) => T): Promise<T> =>
  question.catch((error: unknown) => {
    if (error instanceof EngineError) return unknown(error.message);
    throw error;
  });

/** The last failed probe of each candidate, from the gateway's log; why it is not known where the log is not told. */
export const failedProbes = (gateway: string, since: Date, candidates: readonly string[]): Promise<Pick<Findings, "probes" | "unread">> =>
  unlessUnknown<Pick<Findings, "probes" | "unread">>(
    logsOf(gateway, { since: since.getTime() / 1000 }).then((log) => ({ probes: parseProbes(log, candidates) })),
    (unread) => ({ probes: [], unread }),
  );

/** Pure part of `failedProbes`: the gateway writes one JSON object a line. */
export function parseProbes(log: string, candidates: readonly string[]): Probe[] {
  const last = new Map<string, Probe>();
  for (const line of log.split("\n").filter((text) => text.includes('"Healthcheck failed"'))) {
    const { url = "", error = "" } = parseLine(line);
    const container = candidates.find((name) => url.startsWith(`http://${name}:`));
    if (container) last.set(container, { container, url, answer: error.replace(/^Get "[^"]*": /, "") });
  }
  return [...last.values()];
}

/** A line that is cut off tells nothing, and must not hide what the others tell. */
function parseLine(line: string): { url?: string; error?: string } {
  try {
    return JSON.parse(line) as { url?: string; error?: string };
  } catch {
    return {};
  }
}

/** The whole story for the one candidate that tells most: the crashed one, else the first that did not answer well. */
export async function explain(input: ProbeInput, findings: Findings): Promise<string> {
  const container = findings.crashed ?? findings.probes[0]?.container ?? input.candidates[0] ?? "";
  const probe = findings.probes.find((entry) => entry.container === container);
  const [state, log] = await Promise.all([stateOf(container), lastWords(container)]);
  const body = probe && !findings.crashed ? await readBody(container, input) : undefined;
  return story(input, { ...findings, container, state, log, ...(probe && { probe }), ...(body && { body }) });
}

/** Why a worker is not well: it has no address to ask, so its state and its log have to tell. */
export async function explainWorker({ release, health }: ProbeInput, container: string, seconds: string): Promise<string> {
  const [state, log] = await Promise.all([stateOf(container), lastWords(container)]);
  const words = `worker ${container} is not well after ${seconds} s (deadline ${health.deadline} s; ${state})`;
  return [`release ${release} is not healthy: ${words}`, ...log, ...ADVICE].join("\n");
}

/** How a container is, in words. */
const stateOf = (container: string): Promise<string> =>
  unlessUnknown(
    findContainer(container).then((found) => {
      if (!found) return "it is gone";
      const { State, RestartCount } = found;
      return `${State.Status}, exit code ${State.ExitCode}, restarts ${RestartCount}, killed for memory ${State.OOMKilled}`;
    }),
    (why) => `how it is cannot be told: ${why}`,
  );

const ADVICE = [
  "  No traffic was switched: the release that was live before goes on serving.",
  "  Mend the app or its configuration and run the update again. To clear this release away: npm run rollback -- --to <the live one>",
];

/** The end of a container's log, indented. Pure. */
export function logLines(container: string, log: string): string[] {
  if (log.trim() === "") return [`  ${container} wrote no log`];
  const lines = log.trimEnd().split("\n").slice(-LOG_LINES);
  return [`  last log lines of ${container}:`, ...lines.map((line) => `    ${line}`)];
}

/** The end of a container's log, for an error: where the engine does not tell it, why. @param lines default: 50 */
export const lastWords = (container: string, lines = LOG_LINES): Promise<string[]> =>
  unlessUnknown(
    logsOf(container, { tail: lines }).then((log) => logLines(container, log)),
    (why) => [`  the log of ${container} cannot be told: ${why}`],
  );

/** Words of a failed gate; the first line says what and where. Pure. */
export function story(
  input: ProbeInput,
  found: Omit<Findings, "probes"> & { container: string; state: string; log: readonly string[]; probe?: Probe; body?: string },
): string {
  const url = found.probe?.url ?? `http://${found.container}:${input.port}${input.health.path}`;
  const answer = found.probe ? `answered: ${found.probe.answer}` : "gave no answer";
  return [
    found.crashed
      ? `release ${input.release} is not healthy: container ${found.container} ended by itself after ${found.seconds} s (${found.state})`
      : `release ${input.release} is not healthy: ${url} ${answer} for ${found.seconds} s (deadline ${input.health.deadline} s; container ${found.container}: ${found.state})`,
    ...(found.unread ? [`  what it answered is not known: ${found.unread}`] : []),
    ...(found.body ? [`  last answer: ${found.body}`] : []),
    ...found.log,
    ...ADVICE,
  ].join("\n");
}

/** What the app itself says, where its network can be reached from here (an engine on this Linux machine). */
async function readBody(container: string, { port, health }: ProbeInput): Promise<string | undefined> {
  try {
    const { NetworkSettings } = await getContainer(container);
    const address = Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? "";
    const response = await fetch(`http://${address}:${port}${health.path}`, { signal: AbortSignal.timeout(2000) });
    return `${response.status} ${(await response.text()).slice(0, BODY_CHARACTERS)}`.trim();
  } catch {
    return undefined;
  }
}
