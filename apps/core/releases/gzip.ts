/*
 * gzip (RFC 1952) whose bytes are those of stored-deflate.ts: no name, no time, no system.
 *
 *   1f 8b 08 flags 1 · time 4 · extra 1 · system 1 (255: unknown) · deflate · CRC-32 4 · size 4 (modulo 2^32)
 */
import { storedDeflate, storedSizeBytes } from "./stored-deflate.ts";

const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
const trailerBytes = 8;

export function gzipSizeBytes(sizeBytes: number): number {
  return header.length + storedSizeBytes(sizeBytes) + trailerBytes;
}

/** Of chunks of exactly `sizeBytes` bytes. */
export async function* gzip(chunks: AsyncIterable<Uint8Array>, sizeBytes: number): AsyncGenerator<Uint8Array> {
  yield header;
  const crc = yield* storedDeflate(chunks, sizeBytes);
  const trailer = Buffer.alloc(trailerBytes);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(sizeBytes % 2 ** 32, 4);
  yield trailer;
}
