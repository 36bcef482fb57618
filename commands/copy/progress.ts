/** How far a copy is, on standard error: one line that is written anew on a terminal, a line now and then elsewhere. */

/** Milliseconds between two words. */
const EVERY = { terminal: 200, log: 10_000 };

/** Bytes in the unit that gives one to four digits. Pure. */
export function sizeWords(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log(bytes) / Math.log(1024)));
  const value = bytes / 1024 ** step;
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[step]}`;
}

export interface Progress {
  readonly add: (bytes: number) => void;
  readonly bytes: () => number;
  readonly end: () => void;
}

/** Begins to tell of a copy. */
export function sayProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const started = Date.now();
  let bytes = 0;
  const words = (): string => {
    const seconds = Math.max(0.001, (Date.now() - started) / 1000);
    return `copying: ${sizeWords(bytes)} in ${Math.round(seconds)} s, ${sizeWords(bytes / seconds)}/s`;
  };
  const timer = setInterval(
    () => stream.write(stream.isTTY ? `\r\u001B[2K${words()}` : `${words()}\n`),
    stream.isTTY ? EVERY.terminal : EVERY.log,
  );
  return {
    add: (more) => (bytes += more),
    bytes: () => bytes,
    end() {
      clearInterval(timer);
      if (stream.isTTY) stream.write("\r\u001B[2K");
    },
  };
}
