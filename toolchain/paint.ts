import { styleText } from "node:util";

/** Colours `text` where standard output is a terminal that wants colour (NO_COLOR and FORCE_COLOR are honoured). */
export function paint(format: Parameters<typeof styleText>[0], text: string): string {
  return styleText(format, text, { stream: process.stdout });
}
