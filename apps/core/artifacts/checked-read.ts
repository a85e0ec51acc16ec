import { pipeline, type Readable, Transform } from "node:stream";
import { isSlipwayError } from "#core/errors.ts";
import type { BlobKey, ByteRange } from "./blob-store.ts";
import { type Blob, type Blobs, keysOf, noSuchBlob } from "./blobs.ts";
import { noteDamage } from "./damage.ts";
import { type Digest, digestFrom, sha256 } from "./digest.ts";

/** A blob and where its bytes are. */
export interface PlacedBlob extends Blob {
  key: BlobKey;
}

interface CheckOptions {
  range?: ByteRange | undefined;
  /** Called once, before the stream fails or the promise rejects. */
  onDamage?: (message: string) => void;
}

/** Bytes for somebody who takes them as they come. Of a whole blob they are held against its digest in passing, of a range
 *  against its length; where they are wrong the stream fails before its last chunk, so that no reader who knows the length
 *  takes it for whole. The caller owns the stream. Throws `blob_not_found`. */
export async function openChecked(
  { blobs }: Pick<Blobs, "blobs">,
  { key, digest, sizeBytes }: PlacedBlob,
  { range, onDamage = () => {} }: CheckOptions = {},
): Promise<Readable> {
  const isWhole = range === undefined || range.end - range.start + 1 === sizeBytes;
  const check = new Check(isWhole ? { sizeBytes, digest } : { sizeBytes: range.end - range.start + 1, digest: null });
  const bytes = await blobs.open(key, range).catch((error: unknown) => {
    if (isSlipwayError(error, "blob_not_found")) onDamage(error.message);
    throw error;
  });
  return pipeline(bytes, check, (error) => {
    if (error instanceof Damaged) onDamage(error.message);
  });
}

/** The same; damage is noted in the blob's row. */
export function openNoting(
  { db, blobs }: Blobs,
  blob: PlacedBlob,
  { range, onDamage }: CheckOptions = {},
): Promise<Readable> {
  return openChecked({ blobs }, blob, {
    range,
    onDamage(message) {
      onDamage?.(message);
      noteDamage(db, blob).catch(() => {}); // the verify job finds it, too
    },
  });
}

/** The same for a digest alone. */
export async function openBlobChecked(needs: Blobs, blob: Blob): Promise<Readable> {
  const key = (await keysOf(needs, [blob.digest])).get(blob.digest);
  if (key === undefined) throw noSuchBlob(blob.digest);
  return openNoting(needs, { ...blob, key });
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
