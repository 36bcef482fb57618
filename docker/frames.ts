/** Standard output and standard error of a container in one stream, as the engine sends them where there is no terminal. */
import type { Readable } from "node:stream";

/** Length of the header of a frame: one byte for the stream (2: standard error), three of nothing, four of length, big-endian. */
const HEADER = 8;

export interface Piece {
  readonly from: "stdout" | "stderr";
  readonly bytes: Buffer;
}

/**
 * The pieces in the order in which they come.
 * @throws Error where the stream breaks, or ends in the middle of a frame
 */
export async function* framesOf(stream: Readable): AsyncGenerator<Piece> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const part of stream) {
    rest = rest.length === 0 ? (part as Buffer) : Buffer.concat([rest, part as Buffer]);
    while (rest.length >= HEADER) {
      const end = HEADER + rest.readUInt32BE(4);
      if (rest.length < end) break;
      yield { from: rest[0] === 2 ? "stderr" : "stdout", bytes: rest.subarray(HEADER, end) };
      rest = rest.subarray(end);
    }
  }
  if (rest.length > 0) throw Object.assign(new Error("the stream was cut short"), { code: "ECONNRESET" });
}
