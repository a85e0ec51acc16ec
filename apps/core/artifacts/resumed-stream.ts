import { Readable } from "node:stream";

/** Answers that break off one after the other, without a byte in between. */
const cutsInARow = 3;
/** No byte for so long, while one is waited for, is a cut. */
const silenceLimitMs = 10_000;

export interface Resumable {
  body: Readable;
  /** Where `body` starts. */
  start: number;
  /** One past the last byte. */
  end: number;
  /** The bytes from a position to the end. */
  again(position: number): Promise<Readable>;
  /** What is thrown of what broke the last answer. */
  fault(cause: unknown): Error;
}

/** Goes on where a body broke off, and ends when all bytes have come, and else fails. A reader may take as long as it
 *  likes. */
export function resumedStream(resumable: Resumable): Readable {
  return Readable.from(bytesOf(resumable), { objectMode: false, highWaterMark: 1024 * 1024 });
}

async function* bytesOf({ body, start, end, again, fault }: Resumable): AsyncGenerator<Buffer> {
  let position = start;
  let cuts = 0;
  for (let from = body; ; from = await again(position)) {
    let cause: unknown = new Error("the answer ended before its last byte");
    try {
      for await (const chunk of unlessSilent(from)) {
        position += chunk.length;
        cuts = 0;
        yield chunk;
      }
    } catch (error) {
      cause = error;
    }
    if (position === end) return;
    cuts += 1;
    if (position > end || cuts > cutsInARow) throw fault(cause);
  }
}

/** Counts only the time in which a byte is waited for, not that in which the reader is busy. */
async function* unlessSilent(body: Readable): AsyncGenerator<Buffer> {
  let [waiting, silent] = [true, false];
  const timer = setInterval(() => {
    if (waiting && silent) body.destroy(new Error(`no byte came for ${silenceLimitMs / 1_000} s`));
    silent = true;
  }, silenceLimitMs);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      waiting = false;
      yield chunk;
      [waiting, silent] = [true, false];
    }
  } finally {
    clearInterval(timer);
    body.destroy();
  }
}
