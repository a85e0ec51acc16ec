import type { Blobs } from "./blobs.ts";
import { type CollectOptions, condemnBlobs, judgeBlobs, sweepBlobs } from "./collect-blobs.ts";
import { removeLeft, sweepObjects, unownedObjects } from "./collect-objects.ts";
import type { Digest } from "./digest.ts";
import { requireOwnStore } from "./store-owner.ts";

/*
 * A blob's way out:
 *
 *   referred to ──▶ condemned ── grace time ──▶ doomed ──▶ gone
 *        ◀── referred to again ──┘              row dropped, key in doomed_objects; then the bytes, then the key
 *
 * Whoever refers to a blob, or gives an object a row, holds the sweep off until its commit (sweep-lock.ts), so what is
 * found unreferenced in the sweep's transaction stays so. Killed anywhere, the next round goes on. Two at once do no harm.
 */

export interface Collected {
  /** Blobs that nothing referred to. */
  blobs: number;
  /** Bytes that no row named. */
  objects: number;
  /** In parts, never completed, that no row named. */
  uploads: number;
  sizeBytes: number;
  /** Why the store did not remove all of it: the next round tries again. Null where all is gone. */
  fault: unknown;
}

/** One round over all blobs and the whole store, in constant memory. Throws where the store is not this database's. */
export async function collectGarbage(needs: Blobs, options: CollectOptions): Promise<Collected> {
  await requireOwnStore(needs);
  await condemnBlobs(needs.db, options);
  const blobs = await sweepBlobs(needs, options);
  const objects = await sweepObjects(needs, options);
  const fault = await removeLeft(needs, options);
  return {
    blobs: blobs.blobs,
    objects: objects.objects,
    uploads: objects.uploads,
    sizeBytes: blobs.sizeBytes + objects.sizeBytes,
    fault: blobs.fault ?? objects.fault ?? fault,
  };
}

export interface Garbage {
  what: "blob" | "object" | "upload";
  /** Of a blob its digest, of others their key in the store. */
  name: Digest | string;
  /** Null where the store does not say. */
  sizeBytes: number | null;
  /** Null of a blob that no round has found yet. */
  since: Date | null;
}

/** What nothing refers to at this moment, whether its grace time is over or not. Changes nothing. */
export async function* listGarbage(needs: Blobs): AsyncGenerator<Garbage> {
  for await (const page of judgeBlobs(needs.db))
    for (const { digest, sizeBytes, condemnedAt, isReferenced } of page)
      if (!isReferenced) yield { what: "blob", name: digest, sizeBytes, since: condemnedAt };
  for await (const page of unownedObjects(needs))
    for (const { key, storeId, sizeBytes, since } of page)
      yield { what: storeId === null ? "object" : "upload", name: key, sizeBytes, since };
}
