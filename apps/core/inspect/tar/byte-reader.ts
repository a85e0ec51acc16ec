import type { Readable } from "node:stream";

/** Bytes in order, pulled piece by piece: nothing is read ahead of what was asked for but the stream's own buffer. */
export interface ByteReader {
  /** Exactly so many; fewer at the end of the stream alone. */
  take(count: number): Promise<Buffer>;
  /** At least one and at most `most`; null at the end. */
  next(most: number): Promise<Buffer | null>;
}

/** Throws what the stream fails with. */
export function byteReader(stream: Readable): ByteReader {
  const chunks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  const next = async (most: number): Promise<Buffer | null> => {
    while (rest.length === 0) {
      const { value, done } = await chunks.next();
      if (done) return null;
      rest = value;
    }
    const bytes = rest.subarray(0, most);
    rest = rest.subarray(most);
    return bytes;
  };
  return {
    next,
    async take(count) {
      const pieces: Buffer[] = [];
      for (let missing = count; missing > 0; ) {
        const piece = await next(missing);
        if (piece === null) break;
        pieces.push(piece);
        missing -= piece.length;
      }
      const [first = rest.subarray(0, 0), ...more] = pieces;
      return more.length === 0 ? first : Buffer.concat(pieces);
    },
  };
}
