import { addAbortSignal, type Readable, Transform, type TransformCallback } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { isSlipwayError, SlipwayError } from "#core/errors.ts";
import { type BlobKey, type BlobStore, newKey } from "./blob-store.ts";
import { type Digest, digestFrom, digestOf, sha256 } from "./digest.ts";

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
  /** Of a stream, where it was said. */
  announcedBytes?: number | null | undefined;
  /** A body of other bytes is refused with `digest_mismatch`. */
  expectedDigest?: Digest | undefined;
  limit?: SizeLimit | null;
  signal?: AbortSignal | undefined;
}

/** Up to here a body is taken into memory and stored at once: streams cost more than its bytes. */
export const smallBytes = 256 * 1024;

/** Hashes, counts and stores a body in one pass. Whatever goes wrong, nothing of it stays in the store. */
export async function ingest(
  store: BlobStore,
  body: Readable | Buffer,
  options: IngestOptions = {},
): Promise<Ingested> {
  if (Buffer.isBuffer(body)) return ingestBytes(store, body, options);
  const { announcedBytes } = options;
  const isSmall = typeof announcedBytes === "number" && announcedBytes <= smallBytes;
  return isSmall ? ingestBytes(store, await collect(body, options), options) : ingestStream(store, body, options);
}

async function ingestBytes(
  store: BlobStore,
  bytes: Buffer,
  { expectedDigest, limit, signal }: IngestOptions,
): Promise<Ingested> {
  if (limit && bytes.length > limit.bytes) throw limit.refusal();
  const digest = digestOf(bytes);
  if (expectedDigest !== undefined && expectedDigest !== digest) throw mismatch(expectedDigest, digest);
  const key = newKey();
  await store.put(key, bytes, { signal });
  return { key, digest, sizeBytes: bytes.length };
}

/** All of a small body. */
async function collect(body: Readable, { signal }: IngestOptions): Promise<Buffer> {
  if (signal !== undefined) addAbortSignal(signal, body);
  try {
    return await buffer(body);
  } catch (error) {
    throw isSlipwayError(signal?.reason) ? signal.reason : error;
  }
}

async function ingestStream(store: BlobStore, body: Readable, options: IngestOptions): Promise<Ingested> {
  const { announcedBytes, signal } = options;
  const key = newKey();
  const meter = new Meter(options.expectedDigest, options.limit);
  const storing = store.put(key, meter, { announcedBytes, signal }).catch((error: unknown) => {
    meter.destroy();
    throw error;
  });
  const [stored, flowed] = await Promise.allSettled([storing, pipeline(body, meter, { signal })]);
  if (stored.status === "fulfilled" && flowed.status === "fulfilled")
    return { key, digest: meter.digest(), sizeBytes: meter.sizeBytes };
  if (stored.status === "fulfilled") await store.remove(key).catch(() => {}); // or the collector does it
  // An abort hides its reason in its cause.
  if (isSlipwayError(signal?.reason)) throw signal.reason;
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
    if (this.#expected !== undefined && this.#expected !== this.#digest) done(mismatch(this.#expected, this.#digest));
    else done();
  }
}

function mismatch(expected: Digest, found: Digest): SlipwayError {
  return new SlipwayError(
    "digest_mismatch",
    `the body has the digest ${found}, not ${expected} as announced; nothing was kept, send it again`,
  );
}
