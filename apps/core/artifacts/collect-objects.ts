import type { Database, Transaction } from "#core/database/client.ts";
import type { BlobKey, PartsId } from "./blob-store.ts";
import type { Blobs } from "./blobs.ts";
import type { CollectOptions } from "./collect-blobs.ts";
import { type DoomedObject, doomObjects, removeObjects } from "./doomed-objects.ts";
import { isOwned } from "./references.ts";
import { holdOffReferences } from "./sweep-lock.ts";

/** What the store has and no row names: a kill between bytes and row left it, or it is on its way. */
export interface UnownedObject extends DoomedObject {
  /** Null of an upload in parts. */
  sizeBytes: number | null;
  since: Date;
}

const pageOfDoomed = 1_000;
/** No request takes as long. While the row of a doomed object stands, nothing can be given its key. */
const rememberedMs = 7 * 24 * 3_600_000;

/** All objects and uploads in parts that no row names, a page at a time. */
export async function* unownedObjects({ db, blobs }: Blobs): AsyncGenerator<UnownedObject[]> {
  for await (const page of blobs.list())
    yield onlyUnowned(
      db,
      page.map(({ key, sizeBytes, storedAt }) => ({ key, storeId: null, sizeBytes, since: storedAt })),
    );
  for await (const page of blobs.parts.unfinished())
    yield onlyUnowned(
      db,
      page.map(({ key, id, begunAt }) => ({ key, storeId: id, sizeBytes: null, since: begunAt })),
    );
}

export interface SweptObjects {
  objects: number;
  /** Uploads in parts that were not completed. */
  uploads: number;
  sizeBytes: number;
  fault: unknown;
}

/** Dooms and removes what the store has without a row for longer than the grace time, by the store's clock. Whoever comes
 *  with a row for it later is refused. */
export async function sweepObjects(needs: Blobs, { graceMs, signal }: CollectOptions): Promise<SweptObjects> {
  const swept: SweptObjects = { objects: 0, uploads: 0, sizeBytes: 0, fault: null };
  for await (const page of unownedObjects(needs)) {
    signal.throwIfAborted();
    const old = page.filter(({ since }) => since.getTime() <= Date.now() - graceMs);
    if (old.length === 0) continue;
    const doomed = await needs.db.$transaction(async (tx) => {
      await holdOffReferences(tx);
      const unowned = await onlyUnowned(tx, old);
      await doomObjects(
        tx,
        unowned.map(({ key, storeId }) => ({ key, storeId })),
      );
      return unowned;
    });
    const { removed, fault } = await removeObjects(needs.blobs, doomed);
    const removedKeys = new Set(removed);
    const gone = doomed.filter(({ key }) => removedKeys.has(key));
    swept.objects += gone.filter(({ storeId }) => storeId === null).length;
    swept.uploads += gone.filter(({ storeId }) => storeId !== null).length;
    swept.sizeBytes += gone.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0);
    swept.fault ??= fault;
  }
  return swept;
}

/** Removes what is still doomed: its removal failed or was killed; an upload came to an end after it, whose request had
 *  been taken for dead; or its grace time is over. Returns why some of it is still there. */
export async function removeLeft({ db, blobs }: Blobs, { graceMs, signal }: CollectOptions): Promise<unknown> {
  const graceOver = new Date(Date.now() - graceMs);
  let fault: unknown = null;
  for (let after = "", full = true; full; ) {
    signal.throwIfAborted();
    const page = await db.doomedObject.findMany({
      where: { key: { gt: after }, OR: [{ afterGrace: false }, { since: { lte: graceOver } }] },
      orderBy: { key: "asc" },
      take: pageOfDoomed,
    });
    const removal = await removeObjects(
      blobs,
      page.map(({ key, storeId }) => ({ key: key as BlobKey, storeId: storeId as PartsId | null })),
    );
    fault ??= removal.fault;
    await db.$executeRaw`
      DELETE FROM doomed_objects
      WHERE key = ANY (${removal.removed}::text[])
        AND (after_grace OR since < now() - ${rememberedMs}::float8 * interval '1 millisecond')`;
    after = page.at(-1)?.key ?? "";
    full = page.length === pageOfDoomed;
  }
  return fault;
}

async function onlyUnowned(db: Database | Transaction, objects: readonly UnownedObject[]): Promise<UnownedObject[]> {
  const rows = await db.$queryRaw<{ key: string }[]>`
    SELECT o.key FROM unnest(${objects.map(({ key }) => key)}::text[]) AS o (key) WHERE NOT ${isOwned}`;
  const unowned = new Set(rows.map(({ key }) => key));
  return objects.filter(({ key }) => unowned.has(key));
}
