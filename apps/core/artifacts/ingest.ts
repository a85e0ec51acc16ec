import { addAbortSignal, type Readable, Transform, type TransformCallback } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { isSlipwayError, SlipwayError } from "#core/errors.ts";
import { type BlobKey, type BlobStore, newKey } from "./blob-store.ts";
import { type Digest, digestFrom, sha256 } from "./digest.ts";

export interface Ingested {
  key: BlobKey;
  digest: Digest;
  sizeBytes: number;
  /** Of the body in its frame, where it was given one. */
  framedDigest?: Digest;
}

/** What stands before and after a body in something larger. */
export interface Frame {
  before: Buffer;
  after: Buffer;
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
  /** Hashed in the same pass with the body in it. */
  frame?: Frame | null | undefined;
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
  { expectedDigest, limit, frame, signal }: IngestOptions,
): Promise<Ingested> {
  if (limit && bytes.length > limit.bytes) throw limit.refusal();
  const hashes = openHashes(frame);
  hashes.update(bytes);
  const digests = hashes.digests();
  if (expectedDigest !== undefined && expectedDigest !== digests.digest) throw mismatch(expectedDigest, digests.digest);
  const key = newKey();
  await store.put(key, bytes, { signal });
  return { key, ...digests, sizeBytes: bytes.length };
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
  const meter = new Meter(options.expectedDigest, options.limit, options.frame);
  const storing = store.put(key, meter, { announcedBytes, signal }).catch((error: unknown) => {
    meter.destroy();
    throw error;
  });
  const [stored, flowed] = await Promise.allSettled([storing, pipeline(body, meter, { signal })]);
  if (stored.status === "fulfilled" && flowed.status === "fulfilled")
    return { key, ...meter.digests(), sizeBytes: meter.sizeBytes };
  if (stored.status === "fulfilled") await store.remove(key).catch(() => {}); // or the collector does it
  // An abort hides its reason in its cause.
  if (isSlipwayError(signal?.reason)) throw signal.reason;
  const errors = [flowed, stored].flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
  throw errors.find((error) => isSlipwayError(error)) ?? errors[0];
}

type Digests = Pick<Ingested, "digest" | "framedDigest">;

function openHashes(frame: Frame | null = null): { update(bytes: Buffer): void; digests(): Digests } {
  const bare = sha256();
  const framed = frame === null ? null : sha256().update(frame.before);
  return {
    update(bytes) {
      bare.update(bytes);
      framed?.update(bytes);
    },
    digests: () => ({
      digest: digestFrom(bare),
      ...(frame !== null && framed !== null && { framedDigest: digestFrom(framed.update(frame.after)) }),
    }),
  };
}

/** Passes bytes on, and fails instead of ending when they are not the ones expected, or more than there may be. */
export class Meter extends Transform {
  sizeBytes = 0;
  readonly #hashes: ReturnType<typeof openHashes>;
  readonly #expected: Digest | undefined;
  readonly #limit: SizeLimit | null;
  #digests: Digests | undefined;

  constructor(expected: Digest | undefined, limit: SizeLimit | null = null, frame?: Frame | null) {
    super({ highWaterMark: 1024 * 1024 });
    this.#hashes = openHashes(frame);
    this.#expected = expected;
    this.#limit = limit;
  }

  digests(): Digests {
    if (this.#digests === undefined) throw new Error("digest asked for before the end of the body");
    return this.#digests;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.sizeBytes += chunk.length;
    if (this.#limit !== null && this.sizeBytes > this.#limit.bytes) {
      done(this.#limit.refusal());
      return;
    }
    this.#hashes.update(chunk);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    this.#digests = this.#hashes.digests();
    const { digest } = this.#digests;
    if (this.#expected !== undefined && this.#expected !== digest) done(mismatch(this.#expected, digest));
    else done();
  }
}

function mismatch(expected: Digest, found: Digest): SlipwayError {
  return new SlipwayError(
    "digest_mismatch",
    `the body has the digest ${found}, not ${expected} as announced; nothing was kept, send it again`,
  );
}
