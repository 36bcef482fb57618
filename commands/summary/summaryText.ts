/** The summary of a preview as a person reads it. */
import { paint } from "../shared/cli.ts";
import type { Gap } from "./gaps.ts";
import type { Need } from "./room.ts";
import { isAlarm, type Summary, type VolumeChange } from "./summary.ts";

/** The lines, coloured where a terminal wants colours. */
export function summaryText({ stack, drift, release, steps, gaps, data, room }: Summary): string {
  const lines = [
    ...(drift.length > 0 ? [["Drift", paint("yellow", drift.join("\n"))]] : []),
    ["Release", releaseWords(release, steps.length > 0)],
    ...(release.canary ? [["Canary", `${paint("bold", release.canary)} takes a share of the traffic`]] : []),
    ...(steps.length > 0 ? [["Steps", steps.map(({ words }, index) => `${index + 1}. ${words}`).join("\n")]] : []),
    [
      "Gap",
      gaps.length > 0
        ? gaps.map((gap) => paint("yellow", gapWords(gap))).join("\n")
        : paint("green", gapless(release.change, steps.length > 0)),
    ],
    ["Data", data.length > 0 ? data.map(dataWords).join("\n") : "no data volume"],
    ...(steps.length > 0
      ? [
          ["Memory", memoryWords(room.memory, gaps)],
          ["Disk", diskWords(room.disk)],
        ]
      : []),
  ];
  const column = Math.max(...lines.map(([title = ""]) => title.length)) + 2;
  const body = lines.map(([title = "", text = ""]) => `  ${title.padEnd(column)}${text.replaceAll("\n", `\n${" ".repeat(column + 2)}`)}`);
  return [paint("bold", `What this would do on ${stack}:`), ...body].join("\n");
}

function releaseWords({ change, live, next }: Summary["release"], changes: boolean): string {
  const [a, b] = [paint("bold", String(live)), paint("bold", String(next))];
  if (change === "first") return `${b} goes live, the first one of this stack`;
  if (change === "back") return `brings back ${b} (now live: ${a})`;
  return change === "new" ? `${a} → ${b}` : `${a} stays live${changes ? "" : "; nothing changes"}`;
}

const gapless = (change: Summary["release"]["change"], changes: boolean): string =>
  !changes || change === "stays"
    ? "none"
    : change === "first"
      ? "none: nothing is live yet"
      : "none: the old replicas serve until the new ones take over (WebSockets have to connect again)";

function gapWords({ kind, seconds, why }: Gap): string {
  const time = seconds === null ? "" : `about ${seconds} s, `;
  const what = {
    closed: `${time}connections are refused`,
    held: `${time}requests wait and none is refused`,
    without: "what the app cannot do without it fails",
    maintenance: "no page is served",
  }[kind];
  return `${what}: ${why}`;
}

function dataWords(entry: VolumeChange): string {
  const text = `${entry.volume}: ${entry.change}`;
  if (!isAlarm(entry)) return text;
  return paint(
    "red",
    `ALARM ${text}. The app would no longer find these data. Do not go on before you know why; npm run preview -- --diff shows it`,
  );
}

function memoryWords({ needed, free, fits }: Need, gaps: readonly Gap[]): string {
  if (needed === 0) return "no more than now";
  const may = needed === null ? "what the new containers may take is not known yet" : `the new containers may take ${size(needed)} more`;
  if (fits === null && needed === null) return may;
  if (fits === null) return `${may}; what is free on the engine's host is unknown from here`;
  if (fits) return `${may}, ${size(free)} are available`;
  const instead = gaps.some(({ kind }) => kind === "held") ? "" : ", or stop the old ones first (berth:strategy recreate)";
  const short =
    free === null
      ? "which is more than the host has in all"
      : `only ${size(free)} are available: ${size((needed ?? 0) - free)} are missing`;
  return paint("red", `${may}, ${short}. Give them smaller limits (berth:resources.memory)${instead}`);
}

function diskWords({ needed, free, fits }: Need): string {
  if (needed === 0) return "no more than now: nothing is built";
  const may = needed === null ? "how large the image gets is unknown" : `an image as large as the live one takes up to ${size(needed)}`;
  if (fits === false)
    return paint(
      "red",
      `${may}, only ${size(free)} are free: ${size((needed ?? 0) - (free ?? 0))} are missing. Make room, for instance with a smaller berth:keepReleases`,
    );
  return free === null ? `${may}; what is free on the engine's host is unknown from here` : `${may}, ${size(free)} are free`;
}

/** Bytes in the unit that gives one to four digits. */
function size(bytes: number | null): string {
  const mebibytes = (bytes ?? 0) / 1024 ** 2;
  return mebibytes < 1000 ? `${Math.ceil(mebibytes)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}
