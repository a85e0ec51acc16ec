import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { messageOf } from "#core/errors.ts";
import { type ByteReader, byteReader } from "./byte-reader.ts";
import { isZero, TarFault } from "./tar-header.ts";

/** Packed bytes may become so many times as much; weights and text stay below twenty. */
const largestGrowth = 100;
/** Below this a small archive of zeros is no harm. */
const growthCountsFromBytes = 64 * 1024 * 1024;
const chunkBytes = 256 * 1024;

/** The bytes of a gzip (RFC 1952 §2.3.1: it starts with 1f 8b) or of whatever else they are, told apart by the first
 *  two, since clients seldom name the type right. Fails with TarFault for a gzip that is broken or grows beyond
 *  measure, and with what `body` fails with. */
export async function decompressed(body: Readable): Promise<ByteReader> {
  const packed = byteReader(body);
  const first = await packed.take(2);
  if (first.length === 0) throw new TarFault("the body is empty: send a tar or tar.gz archive");
  const all = Readable.from(joined(first, packed), { objectMode: false, highWaterMark: chunkBytes });
  if (first[0] !== 0x1f || first[1] !== 0x8b) return byteReader(all);
  return byteReader(Readable.from(gunzipped(all), { objectMode: false, highWaterMark: chunkBytes }));
}

async function* joined(first: Buffer, rest: ByteReader): AsyncGenerator<Buffer> {
  yield first;
  for (let chunk = await rest.next(chunkBytes); chunk !== null; chunk = await rest.next(chunkBytes)) yield chunk;
}

async function* gunzipped(packed: Readable): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: chunkBytes });
  let givenBytes = 0;
  let zerosFromByte = 0;
  const look = (chunk: Buffer): void => {
    if (!isZero(chunk)) zerosFromByte = givenBytes + chunk.findLastIndex((byte) => byte !== 0) + 1;
    givenBytes += chunk.length;
  };
  packed.on("data", look);
  let bodyFault: Error | undefined;
  packed.on("error", (error) => {
    bodyFault = error;
    gunzip.destroy(error);
  });
  let grown = 0;
  try {
    for await (const chunk of packed.pipe(gunzip) as AsyncIterable<Buffer>) {
      grown += chunk.length;
      if (grown > growthCountsFromBytes && grown > largestGrowth * gunzip.bytesWritten)
        throw new TarFault(
          `unpacked it is more than ${largestGrowth} times as large: send it as plain tar, without compression`,
        );
      yield chunk;
    }
  } catch (error) {
    if (bodyFault !== undefined) throw bodyFault;
    throw error instanceof TarFault ? error : new TarFault(`its gzip is broken or was cut off: ${messageOf(error)}`);
  }
  // The gzip may end before the body does: with zeros, as tapes have them, and nothing else. At the first of them gunzip
  // forgets what else it was given.
  packed.unpipe(gunzip).off("data", look);
  const somethingFollows = () => new TarFault("something follows its gzip: send the archive alone");
  if (zerosFromByte > gunzip.bytesWritten) throw somethingFollows();
  for await (const chunk of packed as AsyncIterable<Buffer>) if (!isZero(chunk)) throw somethingFollows();
}
