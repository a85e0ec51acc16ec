import { setTimeout as sleep } from "node:timers/promises";
import { isSlipwayError, messageOf } from "#core/errors.ts";
import type { BlobKey } from "./blob-store.ts";
import type { Blobs } from "./blobs.ts";
import { noteDamage, noteHealth } from "./damage.ts";
import { type Digest, digestFrom, sha256 } from "./digest.ts";

/** A blob whose bytes are not, or not any more, what its row says. */
export interface Damage {
  /** The store has them not; gives others; or does not give them, though it can be used. */
  what: "missing" | "changed" | "unreadable";
  digest: Digest;
  key: BlobKey;
  /** As the row says. */
  sizeBytes: number;
  detail: string;
  /** `model:version/path` of files that have these bytes, the first of them; none of a base's or a runtime's layer. */
  files: string[];
}

export interface VerifyOptions {
  /** Only digests between these, neither included; empty texts for all. */
  between: { after: string; before: string };
  bytesPerSecond: number;
  signal: AbortSignal;
  onDamage(damage: Damage): void;
  /** `last`: up to this digest all are verified. */
  onProgress?(progress: Verified & { last: Digest }): void;
}

export interface Verified {
  blobs: number;
  sizeBytes: number;
}

type BlobRow = Pick<Damage, "digest" | "key" | "sizeBytes"> & { damagedAt: Date | null };

const pageOfBlobs = 200;
const readAtOnce = 4;
const namedFiles = 20;

/** Reads the blobs that something refers to, in the order of their digests, and holds each against its row, which it notes
 *  there: whoever brings damaged bytes again mends them. What is collected meanwhile is no damage. Throws where the store cannot be used. */
export async function verifyBlobs(needs: Blobs, options: VerifyOptions): Promise<Verified> {
  const { between, bytesPerSecond, signal, onDamage, onProgress } = options;
  const verified = { blobs: 0, sizeBytes: 0 };
  // Where one of those that read at once fails the others stop.
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const pace = pacer(bytesPerSecond, stop);
  for (let after = between.after, full = true; full; ) {
    const page = await needs.db.$queryRaw<BlobRow[]>`
      SELECT digest, key, size_bytes::float8 AS "sizeBytes", damaged_at AS "damagedAt" FROM blobs
      WHERE condemned_at IS NULL AND digest > ${after} AND (${between.before} = '' OR digest < ${between.before})
      ORDER BY digest LIMIT ${pageOfBlobs}`;
    const queue = page.values();
    const reader = async () => {
      for (const row of queue) {
        const damage = await verifyBlob(needs, row, { pace, signal: stop });
        if (damage === null) {
          if (row.damagedAt !== null) await noteHealth(needs.db, row);
        } else if (await isOnRecord(needs, row)) {
          await noteDamage(needs.db, row);
          const { digest, key, sizeBytes } = row;
          onDamage({ digest, key, sizeBytes, ...damage, files: await filesOf(needs, row) });
        }
        verified.blobs += 1;
        verified.sizeBytes += row.sizeBytes;
      }
    };
    await Promise.all(Array.from({ length: readAtOnce }, () => reader().catch((error) => failed.abort(error))));
    stop.throwIfAborted();
    const last = page.at(-1)?.digest;
    if (last !== undefined) onProgress?.({ ...verified, last });
    after = last ?? after;
    full = page.length === pageOfBlobs;
  }
  return verified;
}

async function verifyBlob(
  { blobs }: Blobs,
  row: BlobRow,
  { pace, signal }: { pace: Pace; signal: AbortSignal },
): Promise<Pick<Damage, "what" | "detail"> | null> {
  signal.throwIfAborted();
  const hash = sha256();
  let sizeBytes = 0;
  try {
    for await (const chunk of await blobs.open(row.key)) {
      hash.update(chunk as Buffer);
      sizeBytes += (chunk as Buffer).length;
      signal.throwIfAborted();
      await pace((chunk as Buffer).length);
    }
  } catch (error) {
    signal.throwIfAborted();
    // Where the store is away nothing is known of any blob.
    await blobs.check();
    if (isSlipwayError(error, "blob_not_found")) return { what: "missing", detail: "the store has no such object" };
    return { what: "unreadable", detail: messageOf(error) };
  }
  const digest = digestFrom(hash);
  if (digest === row.digest && sizeBytes === row.sizeBytes) return null;
  return { what: "changed", detail: `the store gives ${sizeBytes} bytes with the digest ${digest}` };
}

async function isOnRecord({ db }: Blobs, { digest, key }: BlobRow): Promise<boolean> {
  return (await db.blob.count({ where: { digest, key } })) > 0;
}

async function filesOf({ db }: Blobs, { digest }: BlobRow): Promise<string[]> {
  const files = await db.versionFile.findMany({
    where: { blobDigest: digest },
    select: { path: true, version: { select: { semver: true, model: { select: { name: true } } } } },
    orderBy: [{ versionId: "asc" }, { path: "asc" }],
    take: namedFiles,
  });
  return files.map(({ path, version }) => `${version.model.name}:${version.semver}/${path}`);
}

export type Pace = (bytes: number) => Promise<void>;

/** Waits as long as it takes for no more than so many bytes a second, over all readers together. */
export function pacer(bytesPerSecond: number, signal: AbortSignal): Pace {
  let dueMs = performance.now();
  return async (bytes) => {
    const now = performance.now();
    dueMs = Math.max(dueMs, now) + (bytes / bytesPerSecond) * 1_000;
    // A timer is not worth less.
    if (dueMs - now > 20) await sleep(dueMs - now, undefined, { signal });
  };
}
