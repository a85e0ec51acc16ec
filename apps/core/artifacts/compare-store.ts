import type { Database } from "#core/database/client.ts";
import type { BlobKey } from "./blob-store.ts";
import { storedKeys } from "./file-blob-store.ts";

/** Where the store and its rows differ. */
export interface StoreDifference {
  /** What a kill between bytes and row, or between row and removal, leaves: it costs space and does no harm. */
  bytesWithoutRow: BlobKey[];
  /** What there must never be. */
  rowsWithoutBytes: BlobKey[];
}

/** Holds every stored blob against its row. For a time when nothing is uploaded or built: bytes that have just been
 *  stored have no row yet. */
export async function compareStore(db: Database, artifactsDir: string): Promise<StoreDifference> {
  const rows = new Set((await db.blob.findMany({ select: { key: true } })).map(({ key }) => key));
  const bytesWithoutRow: BlobKey[] = [];
  for await (const key of storedKeys(artifactsDir)) if (!rows.delete(key)) bytesWithoutRow.push(key);
  return { bytesWithoutRow, rowsWithoutBytes: [...rows] as BlobKey[] };
}
