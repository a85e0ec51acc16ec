import { pipeline, type Readable, Transform } from "node:stream";
import type { Logger } from "#core/logger.ts";
import type { BlobKey, BlobStore, ByteRange } from "./blob-store.ts";
import type { Blob } from "./blobs.ts";
import { type Digest, digestFrom, sha256 } from "./digest.ts";

/** A blob and where its bytes are. */
export interface PlacedBlob extends Blob {
  key: BlobKey;
}

/** Bytes for somebody who takes them as they come. Of a whole blob they are held against its digest in passing, of a range
 *  against its length; what is wrong is logged, and the stream fails before its last chunk, so that no reader who knows
 *  the length takes it for whole. The caller owns the stream. Throws `blob_not_found`. */
export async function openChecked(
  { blobs, log }: { blobs: BlobStore; log: Logger },
  blob: PlacedBlob,
  range?: ByteRange,
): Promise<Readable> {
  const { key, digest, sizeBytes } = blob;
  const isWhole = range === undefined || range.end - range.start + 1 === sizeBytes;
  const check = new Check(isWhole ? { sizeBytes, digest } : { sizeBytes: range.end - range.start + 1, digest: null });
  const bytes = await blobs.open(key, range);
  return pipeline(bytes, check, (error) => {
    if (error instanceof Damaged)
      log.error({ digest, key, sizeBytes, error: error.message }, "stored bytes are damaged");
  });
}

/** The store gave other bytes than it was given. */
class Damaged extends Error {}

class Check extends Transform {
  readonly #expected: { sizeBytes: number; digest: Digest | null };
  readonly #hash = sha256();
  #sizeBytes = 0;

  constructor(expected: { sizeBytes: number; digest: Digest | null }) {
    super({ highWaterMark: 64 * 1024 }); // many are read at once
    this.#expected = expected;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: Error | null, data?: Buffer) => void) {
    this.#sizeBytes += chunk.length;
    const left = this.#expected.sizeBytes - this.#sizeBytes;
    if (this.#expected.digest !== null && left >= 0) this.#hash.update(chunk);
    const fault = left > 0 ? null : this.#fault();
    if (fault === null) done(null, chunk);
    else done(fault);
  }

  override _flush(done: (error: Error | null) => void) {
    done(this.#sizeBytes === this.#expected.sizeBytes ? null : this.#fault());
  }

  /** When the last chunk is here. */
  #fault(): Damaged | null {
    const { sizeBytes, digest } = this.#expected;
    if (this.#sizeBytes !== sizeBytes)
      return new Damaged(`the store gives ${this.#sizeBytes} bytes or more, and not ${sizeBytes}`);
    const found = digest === null ? null : digestFrom(this.#hash);
    return found === digest ? null : new Damaged(`the store gives bytes with the digest ${found}`);
  }
}
