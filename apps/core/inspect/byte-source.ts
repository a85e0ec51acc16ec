import type { Readable } from "node:stream";
import type { ByteRange } from "#core/artifacts/blob-store.ts";

/** One file's bytes, read only where one looks: a 10 GiB model is inspected without being read. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** The bytes of `range`, which lies within the file. */
  read(range: ByteRange): Promise<Buffer>;
  /** All bytes in order. The caller owns the stream. */
  stream(): Promise<Readable>;
}

/** Up to `length` bytes from `offset`: fewer where the file ends before. */
export async function readUpTo(source: ByteSource, offset: number, length: number): Promise<Buffer> {
  const end = Math.min(offset + length, source.sizeBytes) - 1;
  return end < offset ? Buffer.alloc(0) : source.read({ start: offset, end });
}
