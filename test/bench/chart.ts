/** The medians as a picture: bars in plain SVG, with a line from the shortest to the longest run. Pure. */
import { figureOf, type Row, say, SIDES, type SideName, WHATS } from "./figures.ts";
import type { Report } from "./report.ts";

const LEFT = 150;
const RIGHT = 470;
const BAR = 16;
const GAP = 14;
const TOP = 70;
const COLOURS: Readonly<Record<SideName | "ink" | "faint", string>> = {
  Berth: "#4c78a8",
  Compose: "#f2a65a",
  "Compose, 1 replica": "#f7cfa2",
  "Pulumi alone": "#9a9a9a",
  ink: "#222222",
  faint: "#777777",
};

const escape = (words: string) => words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const write = (x: number, y: number, words: string, more = "") =>
  `<text x="${Math.round(x)}" y="${y}"${more && ` ${more}`}>${escape(words)}</text>`;
const bar = (x: number, y: number, width: number, colour: string, title: string) =>
  `<rect x="${x}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 2}" rx="2" fill="${colour}"><title>${escape(title)}</title></rect>`;
const line = (from: number, to: number, y: number) => `<path d="M${from.toFixed(1)} ${y}H${to.toFixed(1)}" stroke="${COLOURS.ink}"/>`;

/** Bars of one thing share a scale, and each thing has its own: what counts is one side beside the other. */
export function chart({ rows, date, commit, machine, runs }: Report): string {
  const parts: string[] = [];
  let y = TOP;
  for (const what of WHATS) {
    const group = SIDES.flatMap((side) => rows.filter((row) => row.what === what && row.side === side));
    if (group.length === 0) continue;
    parts.push(write(LEFT - 10, y + 12, what, `text-anchor="end"`), ...barsOf(group, y, scaleOf(rows, group)));
    y += group.length * BAR + GAP;
  }
  const shown = SIDES.filter((side) => rows.some((row) => row.side === side));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${LEFT + RIGHT + 170}" height="${y + 40}" font-family="sans-serif" font-size="12" fill="${COLOURS.ink}">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    write(16, 24, "An update by Berth and by Docker Compose", `font-size="16" font-weight="bold"`),
    write(
      16,
      44,
      `Medians of ${runs} runs, the line from the shortest to the longest; each thing has a scale of its own. ${date}, ${commit}.`,
      `fill="${COLOURS.faint}"`,
    ),
    ...parts,
    ...shown.flatMap((side, column) => [
      bar(LEFT + column * 150, y + 8, BAR, COLOURS[side], side),
      write(LEFT + column * 150 + 22, y + 20, side),
    ]),
    `<desc>${escape(machine)}</desc>`,
    "</svg>",
    "",
  ].join("\n");
}

/** What the floors are drawn against: what Berth takes for the same kind of update. */
const BESIDE: Readonly<Partial<Record<Row["what"], Row["what"]>>> = {
  "floor changed": "release",
  "floor unchanged": "unchanged",
  "floor 20 replicas": "20 replicas",
};

function scaleOf(rows: readonly Row[], group: readonly Row[]): number {
  const beside = rows.filter((row) => group.some(({ what }) => row.what === BESIDE[what]));
  return RIGHT / Math.max(...[...group, ...beside].map((row) => figureOf(row).max));
}

function barsOf(group: readonly Row[], y: number, scale: number): string[] {
  return group.flatMap((row, index) => {
    const { median, min, max } = figureOf(row);
    const at = y + index * BAR;
    return [
      bar(LEFT, at, median * scale, COLOURS[row.side], `${row.what}, ${row.side}: ${say(row.what, min)} to ${say(row.what, max)}`),
      line(LEFT + min * scale, LEFT + max * scale, at + BAR / 2 - 1),
      write(LEFT + max * scale + 8, at + 12, say(row.what, median)),
    ];
  });
}
