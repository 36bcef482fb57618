/**
 * What a step prints is kept in Pulumi's record and handed to its next run and to its removal by the environment, where
 * nothing of 128 KiB goes through: neither could ever run again. So it is bounded, with its end whole.
 */

/** So many bytes go out as they come, and of the rest the last ones, at the end. */
const FIRST = 16 * 1024;
const LAST = 16 * 1024;

/** That the rest goes on is told after so many lines of it, and each time after twice as many. */
const TELL_AT = 100;

/** One output with its bounds. */
export class Bounded {
  private readonly write: (text: string) => void;
  private passed = 0;
  /** What came after the last line's end. */
  private open = "";
  private readonly kept: string[] = [];
  private keptBytes = 0;
  /** Lines that did not go out as they came, and those of them that are kept no longer. */
  private held = 0;
  private left = 0;
  private tellAt = TELL_AT;
  private ended = false;

  constructor(write: (text: string) => void) {
    this.write = write;
  }

  add(text: string): void {
    if (this.ended) return this.write(text);
    const lines = (this.open + text).split(/(?<=\n)/);
    this.open = lines.at(-1)?.endsWith("\n") === false ? (lines.pop() ?? "") : "";
    for (const line of lines) this.addLine(line);
    if (Buffer.byteLength(this.open) <= FIRST) return;
    this.addLine(`${this.open}\n`); // a line without end is none to wait for
    this.open = "";
  }

  /** Says how much is left out, and passes on the last lines. What comes after that is not held back. */
  end(): void {
    if (this.ended) return;
    if (this.open !== "") this.addLine(this.open);
    this.open = "";
    this.ended = true;
    if (this.left > 0) this.write(`[${this.left} lines of this step's output are left out here]\n`);
    for (const line of this.kept.splice(0)) this.write(line);
  }

  private addLine(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.held === 0 && this.passed + bytes <= FIRST) {
      this.passed += bytes;
      this.write(line);
      return;
    }
    const part =
      bytes <= LAST / 2
        ? line
        : `[…] ${Buffer.from(line)
            .subarray(-LAST / 2)
            .toString()}`;
    this.kept.push(part);
    this.keptBytes += Buffer.byteLength(part);
    for (; this.keptBytes > LAST; this.left++) this.keptBytes -= Buffer.byteLength(this.kept.shift() ?? "");
    if (++this.held < this.tellAt) return;
    this.write(`[${this.held} lines more; the last ones are shown at its end]\n`);
    this.tellAt *= 2;
  }
}

/** Bounds both outputs of this process until the returned function is called, which passes on their last lines. */
export function boundOutputs(): () => void {
  const outputs = [process.stdout, process.stderr].map((stream) => {
    const write = stream.write.bind(stream);
    const bounded = new Bounded((text) => void write(text));
    stream.write = (chunk: string | Uint8Array) => {
      bounded.add(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
      return true;
    };
    return bounded;
  });
  const end = () => outputs.forEach((output) => output.end());
  process.on("exit", end); // of a program that ends otherwise, as far as its outputs still take it
  return end;
}
