import type { Database } from "#core/database/client.ts";
import type { BlobKey } from "./blob-store.ts";
import type { Blobs } from "./blobs.ts";
import type { Digest } from "./digest.ts";
import { doomObjects, removeDoomed } from "./doomed-objects.ts";
import { isReferenced } from "./references.ts";
import { holdOffReferences } from "./sweep-lock.ts";

export interface CollectOptions {
  /** How long bytes are kept that nothing refers to. */
  graceMs: number;
  signal: AbortSignal;
}

export interface JudgedBlob {
  digest: Digest;
  sizeBytes: number;
  /** Since when nothing refers to it, as the collector found before. */
  condemnedAt: Date | null;
  isReferenced: boolean;
}

/** So many rows are in memory at a time. */
const judgedAtOnce = 500;
/** Nothing is given a reference while so many go. */
const sweptAtOnce = 500;

/** All blobs by digest, a page at a time. */
export async function* judgeBlobs(db: Database): AsyncGenerator<JudgedBlob[]> {
  for (let after = "", full = true; full; ) {
    const page = await db.$queryRaw<JudgedBlob[]>`
      SELECT b.digest, b.size_bytes::float8 AS "sizeBytes", b.condemned_at AS "condemnedAt",
             ${isReferenced} AS "isReferenced"
      FROM (SELECT * FROM blobs WHERE digest > ${after} ORDER BY digest LIMIT ${judgedAtOnce}) b
      ORDER BY b.digest`;
    yield page;
    after = page.at(-1)?.digest ?? "";
    full = page.length === judgedAtOnce;
  }
}

/** Notes of each blob since when nothing refers to it. Whoever refers to it again takes the note away. */
export async function condemnBlobs(db: Database, { signal }: Pick<CollectOptions, "signal">): Promise<void> {
  for await (const page of judgeBlobs(db)) {
    signal.throwIfAborted();
    const digests = page
      .filter((blob) => blob.isReferenced === (blob.condemnedAt !== null))
      .map(({ digest }) => digest);
    if (digests.length === 0) continue;
    await db.$transaction(async (tx) => {
      await holdOffReferences(tx);
      await tx.$executeRaw`
        UPDATE blobs b SET condemned_at = CASE WHEN NOT ${isReferenced} THEN coalesce(condemned_at, now()) END
        WHERE digest = ANY (${digests}::text[])`;
    });
  }
}

export interface SweptBlobs {
  blobs: number;
  sizeBytes: number;
  /** Why the store did not remove all of them; see `Removal`. */
  fault: unknown;
}

/** Drops the rows of blobs that nothing has referred to for longer than the grace time, with what is known of their layers,
 *  then their bytes. A kill in between
 *  leaves them doomed. */
export async function sweepBlobs({ db, blobs }: Blobs, { graceMs, signal }: CollectOptions): Promise<SweptBlobs> {
  const swept: SweptBlobs = { blobs: 0, sizeBytes: 0, fault: null };
  for (let full = true; full; ) {
    signal.throwIfAborted();
    const dropped = await db.$transaction(async (tx) => {
      await holdOffReferences(tx);
      const rows = await tx.$queryRaw<{ digest: Digest; key: BlobKey; sizeBytes: number }[]>`
        DELETE FROM blobs WHERE digest IN (
          SELECT b.digest FROM blobs b
          WHERE b.condemned_at <= now() - ${graceMs}::float8 * interval '1 millisecond' AND NOT ${isReferenced}
          LIMIT ${sweptAtOnce})
        RETURNING digest, key, size_bytes::float8 AS "sizeBytes"`;
      await tx.fileLayer.deleteMany({ where: { blobDigest: { in: rows.map(({ digest }) => digest) } } });
      await doomObjects(
        tx,
        rows.map(({ key }) => ({ key, storeId: null })),
      );
      return rows;
    });
    const removal = await removeDoomed(
      { db, blobs },
      dropped.map(({ key }) => key),
    );
    swept.blobs += dropped.length;
    swept.sizeBytes += dropped.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    swept.fault ??= removal.fault;
    full = dropped.length === sweptAtOnce;
  }
  return swept;
}
