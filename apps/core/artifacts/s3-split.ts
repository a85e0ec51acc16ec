import type { Readable } from "node:stream";

/** A body that is shorter than this takes no whole buffer. */
const smallBytes = 1024 * 1024;

export interface BodyPart {
  /** From 1. */
  number: number;
  /** Whoever takes the part gives its buffer back by `free`. */
  bytes: Buffer;
  isLast: boolean;
  free(): void;
}

/** Cuts a body into parts that are held in memory, whole, so that each can be sent again. A body of no bytes is one part
 *  of no bytes. `sizeOf` says how long a part with a number is, unless it is the last. Buffers are used again: memory is
 *  that of the parts that were not given back. */
export async function* splitBody(body: Readable, sizeOf: (number: number) => number): AsyncGenerator<BodyPart> {
  const unused: Buffer[] = [];
  const take = (size: number) => {
    const found = unused.pop();
    return found?.length === size ? found : Buffer.allocUnsafe(size);
  };
  let number = 1;
  let size = sizeOf(number);
  let filled = 0;
  let small: Buffer[] | null = [];
  let buffer: Buffer | null = null;

  const finish = (isLast: boolean): BodyPart => {
    const whole = buffer;
    const bytes = whole === null ? Buffer.concat(small ?? []) : whole.subarray(0, filled);
    const part = { number, bytes, isLast, free: () => void (whole !== null && unused.push(whole)) };
    number += 1;
    size = sizeOf(number);
    filled = 0;
    small = null;
    buffer = null;
    return part;
  };

  for await (const chunk of body as AsyncIterable<Buffer>) {
    for (let rest = chunk; rest.length > 0; ) {
      // Only now is it known that more comes.
      if (filled === size) yield finish(false);
      const piece = rest.subarray(0, size - filled);
      if (small !== null && filled + piece.length <= Math.min(smallBytes, size)) small.push(piece);
      else {
        if (buffer === null) {
          buffer = take(size);
          if (small !== null) Buffer.concat(small).copy(buffer);
          small = null;
        }
        piece.copy(buffer, filled);
      }
      filled += piece.length;
      rest = rest.subarray(piece.length);
    }
  }
  yield finish(true);
}
