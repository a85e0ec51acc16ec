import { Readable } from "node:stream";
import xzDecompress from "xz-decompress";
import { messageOf } from "#core/errors.ts";
import { type ByteSource, readUpTo } from "./byte-source.ts";
import { Unreadable } from "./unreadable.ts";

// A module of the kind whose exports Node does not find by name.
const { XzReadableStream } = xzDecompress;

export const xzSignature = "\xfd7zXZ\0";

/** Packed bytes may become so many times as much; weights and text stay below twenty. */
const largestGrowth = 100;
/** Below this a small file of zeros is no harm. */
const growthCountsFromBytes = 64 * 1024 * 1024;
/** Enough for the first block of a stream to give something. */
const headBytes = 64 * 1024;

/** What an xz stream (tukaani.org/xz/xz-file-format.txt) unpacks to, in flat memory: a dictionary that would need more
 *  is refused. Fails with `Unreadable`, and with what `packed` fails with. */
export function unxz(packed: Readable): Readable {
  return Readable.from(unpacked(packed), { objectMode: false });
}

/** The first bytes of what a file unpacks to; none where it is damaged. */
export async function xzHead(source: ByteSource): Promise<Buffer> {
  const packed = Readable.from([await readUpTo(source, 0, headBytes)], { objectMode: false });
  try {
    for await (const chunk of unxz(packed)) return chunk as Buffer;
  } catch {}
  return Buffer.alloc(0);
}

async function* unpacked(packed: Readable): AsyncGenerator<Buffer> {
  let takenBytes = 0;
  let givenBytes = 0;
  let sourceFault: unknown;
  async function* counted(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of packed) {
        takenBytes += (chunk as Buffer).length;
        yield chunk as Buffer;
      }
    } catch (error) {
      sourceFault = error;
      throw error;
    }
  }
  const input = Readable.toWeb(Readable.from(counted(), { objectMode: false }));
  const output = new XzReadableStream(input as ReadableStream<Uint8Array>);
  try {
    for await (const chunk of Readable.fromWeb(output as Parameters<typeof Readable.fromWeb>[0])) {
      givenBytes += (chunk as Buffer).length;
      if (givenBytes > growthCountsFromBytes && givenBytes > largestGrowth * takenBytes)
        throw new Unreadable(`is more than ${largestGrowth} times as large when it is unpacked, too much to inspect`);
      yield Buffer.from(chunk as Uint8Array);
    }
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    if (sourceFault !== undefined) throw sourceFault;
    throw new Unreadable(`is xz that is broken or was cut off: ${messageOf(error)}`);
  }
}
