/** How far restic is, on standard error: one line that changes on a terminal, a line now and then elsewhere. */
import { duration } from "../../toolchain/progress.ts";

/** Elsewhere, so often, in milliseconds. */
const EVERY = 30_000;

export interface Progress {
  /** Takes a line of restic's JSON. */
  readonly line: (text: string) => void;
  /** Clears the line. */
  readonly end: () => void;
}

interface Status {
  readonly message_type?: string;
  readonly percent_done?: number;
  readonly total_bytes?: number;
  readonly bytes_done?: number;
  readonly bytes_restored?: number;
}

/** One line of restic's JSON as words; undefined where it tells no progress. Pure. */
export function inWords(text: string): string | undefined {
  if (!text.includes('"status"')) return undefined;
  const { message_type, percent_done = 0, total_bytes = 0, bytes_done, bytes_restored } = JSON.parse(text) as Status;
  if (message_type !== "status") return undefined;
  return `${Math.floor(percent_done * 100)} %, ${sizeText(bytes_done ?? bytes_restored ?? 0)} of ${sizeText(total_bytes)}`;
}

/** Bytes as people read them. Pure. */
export function sizeText(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, bytes < 1024 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}

/** @param what what it is about, such as "volume data" */
export function showProgress(what: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  const started = Date.now();
  let last = started;
  return {
    line(text) {
      const words = inWords(text);
      if (words === undefined) return;
      const whole = `${what}: ${words}, ${duration((Date.now() - started) / 1000)}`;
      if (stream.isTTY) stream.write(`\r\u001b[K${whole}`);
      else if (Date.now() - last >= EVERY) {
        last = Date.now();
        stream.write(`${whole}\n`);
      }
    },
    end() {
      if (stream.isTTY) stream.write("\r\u001b[K");
    },
  };
}
