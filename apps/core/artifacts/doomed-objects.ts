import type { Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import type { BlobKey, PartsId } from "./blob-store.ts";
import type { Blobs } from "./blobs.ts";
import { holdOffSweep } from "./sweep-lock.ts";

/** An object that is to be removed, and the upload in parts that may not have become one yet. */
export interface DoomedObject {
  key: BlobKey;
  storeId: PartsId | null;
}

export interface Removal {
  removed: BlobKey[];
  /** Why the others are still there; null where all are gone. */
  fault: unknown;
}

const removedAtOnce = 8;

/** In the transaction that drops the row which named the object; when that is through, `removeDoomed`. */
export async function doomObjects(tx: Transaction, objects: readonly DoomedObject[]): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO doomed_objects (key, store_id)
    SELECT * FROM unnest(${objects.map(({ key }) => key)}::text[], ${objects.map(({ storeId }) => storeId)}::text[])
    ON CONFLICT (key) DO NOTHING`;
}

/** Bytes first, row second: what is killed in between is removed once more. What the store does not remove now keeps its
 *  row, and is the collector's. */
export async function removeDoomed({ db, blobs }: Blobs, keys: readonly BlobKey[]): Promise<Removal> {
  if (keys.length === 0) return { removed: [], fault: null };
  const doomed = await db.$queryRaw<DoomedObject[]>`
    SELECT key, store_id AS "storeId" FROM doomed_objects WHERE key = ANY (${keys}::text[])`;
  const removal = await removeObjects(blobs, doomed);
  await db.$executeRaw`DELETE FROM doomed_objects WHERE key = ANY (${removal.removed}::text[])`;
  return removal;
}

/** Removes from the store alone. */
export async function removeObjects(blobs: Blobs["blobs"], objects: readonly DoomedObject[]): Promise<Removal> {
  const removed: BlobKey[] = [];
  let fault: unknown = null;
  const queue = objects.values();
  const remover = async () => {
    for (const { key, storeId } of queue)
      try {
        // It may be complete by now.
        if (storeId !== null) await blobs.parts.abort(key, storeId);
        await blobs.remove(key);
        removed.push(key);
      } catch (error) {
        fault ??= error;
      }
  };
  await Promise.all(Array.from({ length: removedAtOnce }, remover));
  return { removed, fault };
}

/** For a transaction that gives these objects a row: holds off the sweep, and throws `unavailable` where the collector took
 *  one for garbage, since it stood without a row for longer than the grace time. */
export async function claimObjects(tx: Transaction, keys: readonly BlobKey[]): Promise<void> {
  await holdOffSweep(tx);
  if ((await tx.doomedObject.count({ where: { key: { in: [...keys] } } })) > 0) throw tookTooLong();
}

export function tookTooLong(): SlipwayError {
  return new SlipwayError(
    "unavailable",
    "this upload took longer than bytes are kept that belong to nothing yet (SLIPWAY_GARBAGE_GRACE_HOURS); send it again",
  );
}
