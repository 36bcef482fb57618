/** The cause of a failed update, taken from Pulumi's event log. Pure. */
import { readEvents } from "./events.ts";

/** What Pulumi puts before and after a cause: the resource plugin's frame, the bridge's prefix. */
const FRAMES = [
  /^error: /,
  /^exit status \d+: running "[^"]*":\n/,
  /^1 error occurred:\n\s*\* /,
  /^(creating|updating|deleting) urn:\S+: /,
  /^sdk-v2\S*: \S+: /,
];

/** Lines of a build's log that are shown when it fails. */
const BUILD_LINES = 25;

/** The first real error in an event log, in its own words; undefined where there is none. */
export function failureOf(log: string): string | undefined {
  const causes = readEvents(log)
    .map(({ diagnosticEvent }) => diagnosticEvent)
    .filter((event) => event?.severity === "error")
    .map((event) => unframe(plain(event?.message ?? "")))
    .filter((text) => text !== "" && text !== "update failed" && text !== "preview failed");
  return causes.find((text) => !text.includes("provider=")) ?? causes[0];
}

/** Whether Pulumi was asked to end by Ctrl-C, which it reads as a key while it draws on the terminal: no process gets a signal. */
export const hasReadCtrlC = (log: string): boolean =>
  readEvents(log).some(({ stdoutEvent }) => stdoutEvent?.message.startsWith("^C received"));

/** Why a build failed: the end of its log, without the lines that only say that a step goes on. */
export function buildStory(log: string): string {
  const said = log
    .split("\n")
    .map((line) => line.replace(/^#\d+ /, ""))
    .filter((line) => line.trim() !== "" && !/^(DONE|CACHED|sha256:|transferring)/.test(line));
  return said
    .slice(-BUILD_LINES)
    .map((line) => `    ${line}`)
    .join("\n");
}

const plain = (text: string): string =>
  text
    .replace(/<\{%[^%]*%\}>/g, "")
    .replace(/\u001b\[[0-9;]*m/g, "")
    .trim();

function unframe(text: string): string {
  const shorter = FRAMES.reduce((rest, frame) => rest.replace(frame, ""), text).trim();
  return shorter === text ? text : unframe(shorter);
}
