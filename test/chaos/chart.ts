/** The matrix as a picture: a heat map in plain SVG. Pure. */
import type { Result } from "./cell.ts";
import { FAULTS } from "./faults.ts";
import { type Run, totalsOf } from "./run.ts";
import { STEPS } from "./steps.ts";

const WIDTH = 96;
const HEIGHT = 30;
const LEFT = 130;
const TOP = 84;
const COLOURS = { none: "#d3ecd5", few: "#fbe7b2", many: "#f6c28b", broken: "#e0625a", empty: "#f4f4f4", ink: "#222222", faint: "#777777" };

/** So much of the requests of a cell may fail before it is drawn as many. */
const MANY = 0.05;

function colourOf(result: Result | undefined): string {
  if (!result) return COLOURS.empty;
  if (!result.holds) return COLOURS.broken;
  if (result.failed === 0) return COLOURS.none;
  return result.failed / result.requests < MANY ? COLOURS.few : COLOURS.many;
}

const escape = (words: string) => words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const write = (x: number, y: number, words: string, more = "") => `<text x="${x}" y="${y}" ${more}>${escape(words)}</text>`;
const box = (x: number, y: number, colour: string, title = "", width = WIDTH - 2) =>
  `<rect x="${x}" y="${y}" width="${width}" height="${HEIGHT - 2}" rx="3" fill="${colour}">${title ? `<title>${escape(title)}</title>` : ""}</rect>`;

/** One box for each fault and step; a box without a colour is a fault that cannot happen there. */
export function chart({ results, seed, date, commit }: Run): string {
  const faults = FAULTS.filter(({ name }) => results.some(({ fault }) => fault === name));
  const { cells, hold, requests, failedWrongly } = totalsOf(results);
  const below = TOP + faults.length * HEIGHT;
  const boxes = faults.flatMap(({ name }, line) => {
    const y = TOP + line * HEIGHT;
    return [
      write(LEFT - 10, y + 19, name, `text-anchor="end"`),
      ...STEPS.flatMap((step, column) => {
        const result = results.find((one) => one.fault === name && one.step === step);
        const x = LEFT + column * WIDTH;
        if (!result) return [box(x, y, COLOURS.empty)];
        const words = result.failed === 0 ? "0" : `${result.failed} · ${result.secondsToRecover.toFixed(1)} s`;
        return [
          box(x, y, colourOf(result), `${name} at ${step}: ${result.requests} requests`),
          write(x + WIDTH / 2 - 1, y + 19, words, `text-anchor="middle"`),
        ];
      }),
    ];
  });
  const legend: [colour: string, words: string][] = [
    [COLOURS.none, "holds, none failed"],
    [COLOURS.few, "holds, lost with the fault"],
    [COLOURS.many, `the same, over ${MANY * 100} %`],
    [COLOURS.broken, "does not hold"],
    [COLOURS.empty, "cannot happen there"],
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${LEFT + STEPS.length * WIDTH + 16}" height="${below + 66}" font-family="sans-serif" font-size="12" fill="${COLOURS.ink}">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    write(16, 24, `Faults at the steps of an update: ${hold} of ${cells} cells hold`, `font-size="16" font-weight="bold"`),
    write(
      16,
      44,
      `${requests.toLocaleString("en")} requests, ${failedWrongly} failed where none may. In a box: failed requests, seconds from the fault to good answers. ${date}, ${commit}, seed ${seed}.`,
      `fill="${COLOURS.faint}"`,
    ),
    ...STEPS.map((step, column) => write(LEFT + column * WIDTH + WIDTH / 2, TOP - 10, step, `text-anchor="middle"`)),
    ...boxes,
    ...legend.flatMap(([colour, words], column) => [
      box(LEFT + column * 154, below + 20, colour, "", 18),
      write(LEFT + column * 154 + 24, below + 38, words),
    ]),
    "</svg>",
    "",
  ].join("\n");
}
