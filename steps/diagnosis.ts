/** Why a candidate is not healthy: what the gateway's probe got, how the container is, and its last log lines. */
import { docker, tryDocker } from "../engine/docker.ts";
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
  /** Container that ended by itself. */
  readonly crashed?: string;
}

const LOG_LINES = 50;
const BODY_CHARACTERS = 300;

/** The last failed probe of each candidate, from the gateway's log. */
export async function failedProbes(gateway: string, since: Date, candidates: readonly string[]): Promise<Probe[]> {
  const { stdout } = await tryDocker(["logs", "--since", since.toISOString(), gateway]);
  return parseProbes(stdout, candidates);
}

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
  const state = await stateOf(container);
  const { stdout, stderr } = await tryDocker(["logs", "--tail", String(LOG_LINES), container]);
  const body = probe && !findings.crashed ? await readBody(container, input) : undefined;
  return story(input, { ...findings, container, state, log: `${stdout}${stderr}`, ...(probe && { probe }), ...(body && { body }) });
}

/** Why a worker is not well: it has no address to ask, so its state and its log have to tell. */
export async function explainWorker({ release, health }: ProbeInput, container: string, seconds: string): Promise<string> {
  const state = await stateOf(container);
  const { stdout, stderr } = await tryDocker(["logs", "--tail", String(LOG_LINES), container]);
  return [
    `release ${release} is not healthy: worker ${container} is not well after ${seconds} s (deadline ${health.deadline} s; ${state})`,
    ...logLines(container, `${stdout}${stderr}`),
    ...ADVICE,
  ].join("\n");
}

const stateOf = (container: string): Promise<string> =>
  docker(["inspect", "--format", "{{.State.Status}}, exit code {{.State.ExitCode}}, restarts {{.RestartCount}}, killed for memory {{.State.OOMKilled}}", container]);

const ADVICE = [
  "  No traffic was switched: the release that was live before goes on serving.",
  "  Mend the app or its configuration and run the update again. To clear this release away: npm run rollback -- --to <the live one>",
];

/** The end of a container's log, indented. */
export function logLines(container: string, log: string): string[] {
  if (log.trim() === "") return [`  ${container} wrote no log`];
  const lines = log.trimEnd().split("\n").slice(-LOG_LINES);
  return [`  last log lines of ${container}:`, ...lines.map((line) => `    ${line}`)];
}

/** Words of a failed gate; the first line says what and where. Pure. */
export function story(
  input: ProbeInput,
  found: { container: string; seconds: string; state: string; log: string; crashed?: string; probe?: Probe; body?: string },
): string {
  const url = found.probe?.url ?? `http://${found.container}:${input.port}${input.health.path}`;
  const answer = found.probe ? `answered: ${found.probe.answer}` : "gave no answer";
  return [
    found.crashed
      ? `release ${input.release} is not healthy: container ${found.container} ended by itself after ${found.seconds} s (${found.state})`
      : `release ${input.release} is not healthy: ${url} ${answer} for ${found.seconds} s (deadline ${input.health.deadline} s; container ${found.container}: ${found.state})`,
    ...(found.body ? [`  last answer: ${found.body}`] : []),
    ...logLines(found.container, found.log),
    ...ADVICE,
  ].join("\n");
}

/** What the app itself says, where its network can be reached from here (an engine on this Linux machine). */
async function readBody(container: string, { port, health }: ProbeInput): Promise<string | undefined> {
  const address = await docker(["inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", container]);
  try {
    const response = await fetch(`http://${address}:${port}${health.path}`, { signal: AbortSignal.timeout(2000) });
    return `${response.status} ${(await response.text()).slice(0, BODY_CHARACTERS)}`.trim();
  } catch {
    return undefined;
  }
}
