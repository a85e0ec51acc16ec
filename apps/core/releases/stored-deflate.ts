/*
 * Deflate without compression (RFC 1951 §3.2.4), in one fixed way: what a model weighs does not compress, and what zlib
 * writes differs from version to version.
 *
 *   block    = final 1 byte, length 2, its complement 2, bytes
 *   stream   = blocks of 65,535 bytes, the last one shorter; one empty block for nothing
 */
import { crc32 } from "node:zlib";

const blockBytes = 65_535;
const headerBytes = 5;

export function storedSizeBytes(sizeBytes: number): number {
  return sizeBytes + headerBytes * Math.max(1, Math.ceil(sizeBytes / blockBytes));
}

/** Chunks of exactly `sizeBytes` bytes in blocks. Returns their CRC-32. */
export async function* storedDeflate(
  chunks: AsyncIterable<Uint8Array>,
  sizeBytes: number,
): AsyncGenerator<Uint8Array, number> {
  let crc = 0;
  let left = sizeBytes;
  let leftOfBlock = 0;
  if (sizeBytes === 0) yield blockHeader(0, true);
  for await (const chunk of chunks) {
    crc = crc32(chunk, crc);
    if (chunk.length > left) throw wrongSize(sizeBytes);
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < chunk.length; ) {
      if (leftOfBlock === 0) {
        leftOfBlock = Math.min(blockBytes, left);
        pieces.push(blockHeader(leftOfBlock, leftOfBlock === left));
      }
      const piece = chunk.subarray(at, at + leftOfBlock);
      pieces.push(piece);
      at += piece.length;
      left -= piece.length;
      leftOfBlock -= piece.length;
    }
    yield Buffer.concat(pieces);
  }
  if (left > 0) throw wrongSize(sizeBytes);
  return crc;
}

function wrongSize(sizeBytes: number): Error {
  return new Error(`${sizeBytes} bytes were announced, and others came`);
}

function blockHeader(sizeBytes: number, isLast: boolean): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt8(isLast ? 1 : 0, 0);
  header.writeUInt16LE(sizeBytes, 1);
  header.writeUInt16LE(sizeBytes ^ 0xffff, 3);
  return header;
}
