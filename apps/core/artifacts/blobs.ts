import type { Readable } from "node:stream";
import type { Database, Transaction } from "#core/database/client.ts";
import { isSlipwayError, SlipwayError } from "#core/errors.ts";
import type { BlobKey, BlobStore, ByteRange } from "./blob-store.ts";
import type { Digest } from "./digest.ts";
import { tookTooLong } from "./doomed-objects.ts";
import { type Ingested, type IngestOptions, ingest } from "./ingest.ts";
import { holdOffSweep } from "./sweep-lock.ts";

export interface Blob {
  digest: Digest;
  sizeBytes: number;
}

/** What rooms need to keep and read bytes by digest. */
export interface Blobs {
  db: Database;
  blobs: BlobStore;
}

/** Bytes first, row second: a crash in between leaves bytes without a row for the collector.
 *  Of two stores of the same bytes one keeps its object, and the other's is removed. */
export async function storeBlob({ db, blobs }: Blobs, body: Readable, options: IngestOptions = {}): Promise<Blob> {
  const bytes = await ingest(blobs, body, options);
  const { needless } = await commitIngested(
    blobs,
    [bytes],
    () => {},
    () => db.$transaction(async (tx) => ({ needless: await keepIngested(tx, [bytes]) })),
  );
  await dropIngested(blobs, needless);
  return { digest: bytes.digest, sizeBytes: bytes.sizeBytes };
}

/** Takes work that the answer does not wait for. */
export type Afterwards = (work: () => Promise<void>) => void;

/** Commits what refers to bytes that were just ingested: `commit` gives them their rows by `keepIngested`. Those that no
 *  row names are dropped: all of them at once where it is refused, and else afterwards, lest the time that it takes tell
 *  that somebody else has the same bytes. */
export async function commitIngested<T extends { needless: BlobKey[] }>(
  blobs: BlobStore,
  ingested: readonly Ingested[],
  afterwards: Afterwards,
  commit: () => Promise<T>,
): Promise<T> {
  const committed = await commit().catch(async (error: unknown) => {
    // A refusal is rolled back for sure; whatever else ended the transaction may have been committed.
    if (isSlipwayError(error))
      await dropIngested(
        blobs,
        ingested.map(({ key }) => key),
      );
    throw error;
  });
  const { needless } = committed;
  if (needless.length > 0)
    afterwards(async () => {
      await Promise.all(needless.map((key) => blobs.remove(key)));
    });
  return committed;
}

/** Rows for bytes that were just ingested, in the transaction that refers to them: until its end none is swept. Returns
 *  the keys that no row names, to be dropped when the transaction is through. Of a blob that was condemned, or is known to be
 *  damaged, the new object is kept, and the old one for the grace time, since a backup may name it. Throws `unavailable`
 *  where the collector took some of the bytes for garbage before. */
export async function keepIngested(tx: Transaction, ingested: readonly Ingested[]): Promise<BlobKey[]> {
  // In one order, so that two uploads of the same bytes never wait for each other.
  const byDigest = [...new Map(ingested.map((bytes) => [bytes.digest, bytes])).values()].sort((a, b) =>
    a.digest < b.digest ? -1 : 1,
  );
  const digests = byDigest.map(({ digest }) => digest);
  await holdOffSweep(tx);
  const rows = await tx.$queryRaw<{ key: BlobKey }[]>`
    WITH old AS (
      SELECT key FROM blobs
      WHERE digest = ANY (${digests}::text[]) AND (condemned_at IS NOT NULL OR damaged_at IS NOT NULL)
      ORDER BY digest FOR UPDATE),
    kept AS (
      INSERT INTO doomed_objects (key, after_grace) SELECT key, true FROM old ON CONFLICT (key) DO NOTHING RETURNING key)
    INSERT INTO blobs (digest, key, size_bytes)
    SELECT * FROM unnest(${digests}::text[], ${byDigest.map(({ key }) => key)}::text[],
                         ${byDigest.map(({ sizeBytes }) => sizeBytes)}::bigint[])
    WHERE NOT EXISTS (SELECT FROM doomed_objects WHERE key = ANY (${ingested.map(({ key }) => key)}::text[]))
      AND (SELECT count(*) FROM kept) >= 0 -- first, or the old keys are gone
    ON CONFLICT (digest) DO UPDATE
    SET key = CASE WHEN blobs.condemned_at IS NULL AND blobs.damaged_at IS NULL THEN blobs.key ELSE excluded.key END,
        condemned_at = NULL, damaged_at = NULL
    RETURNING key`;
  if (rows.length < byDigest.length) throw tookTooLong();
  const kept = new Set(rows.map(({ key }) => key));
  return ingested.map(({ key }) => key).filter((key) => !kept.has(key));
}

/** For a transaction that refers to bytes without bringing them: those of these that are there, not known to be damaged, and
 *  stay until its end and for as long as it refers to them. */
export async function referToBlobs(tx: Transaction, digests: readonly Digest[]): Promise<Set<Digest>> {
  await holdOffSweep(tx);
  // In one order, so that two copies of the same files never wait for each other.
  await tx.$executeRaw`
    UPDATE blobs SET condemned_at = NULL
    WHERE digest IN (SELECT digest FROM blobs WHERE digest = ANY (${digests}::text[]) AND condemned_at IS NOT NULL
                     ORDER BY digest FOR NO KEY UPDATE)`;
  const found = await tx.blob.findMany({
    where: { digest: { in: [...digests] }, damagedAt: null },
    select: { digest: true },
  });
  return new Set(found.map(({ digest }) => digest as Digest));
}

/** Bytes that no row names. What cannot be removed now is the collector's. */
export async function dropIngested(blobs: BlobStore, keys: readonly BlobKey[]): Promise<void> {
  await Promise.allSettled(keys.map((key) => blobs.remove(key)));
}

/** Null also where it is condemned or damaged: whoever wants it brings it anew. */
export async function findBlob({ db }: Pick<Blobs, "db">, digest: Digest): Promise<Blob | null> {
  const row = await db.blob.findUnique({ where: { digest, condemnedAt: null, damagedAt: null } });
  return row === null ? null : { digest, sizeBytes: Number(row.sizeBytes) };
}

/** Where blobs are, by digest. */
export async function keysOf({ db }: Pick<Blobs, "db">, digests: readonly Digest[]): Promise<Map<Digest, BlobKey>> {
  const rows = await db.$queryRaw<{ digest: Digest; key: BlobKey }[]>`
    SELECT digest, key FROM blobs WHERE digest = ANY (${digests}::text[])`;
  return new Map(rows.map(({ digest, key }) => [digest, key]));
}

/** Throws `blob_not_found`. The caller owns the stream. */
export async function openBlob({ db, blobs }: Blobs, digest: Digest, range?: ByteRange): Promise<Readable> {
  const row = await db.blob.findUnique({ where: { digest }, select: { key: true } });
  if (row === null) throw noSuchBlob(digest);
  return blobs.open(row.key as BlobKey, range);
}

export function noSuchBlob(digest: Digest): SlipwayError {
  return new SlipwayError("blob_not_found", `no bytes with the digest ${digest} are stored`);
}
