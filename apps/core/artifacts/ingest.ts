import { randomBytes } from "node:crypto";
import { type Readable, Transform, type TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isSlipwayError, SlipwayError } from "#core/errors.ts";
import type { BlobKey, BlobStore } from "./blob-store.ts";
import { type Digest, digestFrom, sha256 } from "./digest.ts";

export interface Ingested {
  key: BlobKey;
  digest: Digest;
  sizeBytes: number;
}

/** How long a body may be, and what is thrown at the first byte past it. */
export interface SizeLimit {
  bytes: number;
  refusal: () => SlipwayError;
}

export interface IngestOptions {
  /** A body of other bytes is refused with `digest_mismatch`. */
  expectedDigest?: Digest | undefined;
  limit?: SizeLimit | null;
  signal?: AbortSignal | undefined;
}

/** Hashes, counts and stores a body in one pass. Whatever goes wrong, nothing of it stays in the store. */
export async function ingest(store: BlobStore, body: Readable, options: IngestOptions = {}): Promise<Ingested> {
  const key = randomBytes(16).toString("hex") as BlobKey;
  const meter = new Meter(options.expectedDigest, options.limit);
  const storing = store.put(key, meter, { signal: options.signal }).catch((error: unknown) => {
    meter.destroy();
    throw error;
  });
  const [stored, flowed] = await Promise.allSettled([storing, pipeline(body, meter, { signal: options.signal })]);
  if (stored.status === "fulfilled" && flowed.status === "fulfilled")
    return { key, digest: meter.digest(), sizeBytes: meter.sizeBytes };
  if (stored.status === "fulfilled") await store.remove(key);
  // An abort hides its reason in its cause.
  if (isSlipwayError(options.signal?.reason)) throw options.signal.reason;
  const errors = [flowed, stored].flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
  throw errors.find((error) => isSlipwayError(error)) ?? errors[0];
}

/** Passes bytes on, and fails instead of ending when they are not the ones expected, or more than there may be. */
export class Meter extends Transform {
  sizeBytes = 0;
  readonly #hash = sha256();
  readonly #expected: Digest | undefined;
  readonly #limit: SizeLimit | null;
  #digest: Digest | undefined;

  constructor(expected: Digest | undefined, limit: SizeLimit | null = null) {
    super({ highWaterMark: 1024 * 1024 });
    this.#expected = expected;
    this.#limit = limit;
  }

  digest(): Digest {
    if (this.#digest === undefined) throw new Error("digest asked for before the end of the body");
    return this.#digest;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.sizeBytes += chunk.length;
    if (this.#limit !== null && this.sizeBytes > this.#limit.bytes) {
      done(this.#limit.refusal());
      return;
    }
    this.#hash.update(chunk);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    this.#digest = digestFrom(this.#hash);
    if (this.#expected !== undefined && this.#expected !== this.#digest)
      done(
        new SlipwayError(
          "digest_mismatch",
          `the body has the digest ${this.#digest}, not ${this.#expected} as announced; nothing was kept, send it again`,
        ),
      );
    else done();
  }
}
