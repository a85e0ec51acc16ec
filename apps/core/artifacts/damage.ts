import type { Database } from "#core/database/client.ts";
import type { BlobKey } from "./blob-store.ts";
import type { Digest } from "./digest.ts";

/** Where the bytes of a blob were looked for. */
interface Placed {
  digest: Digest;
  key: BlobKey;
}

/** The store has lost these bytes, or has others: from now on whoever brings them mends the blob. */
export async function noteDamage(db: Database, { digest, key }: Placed): Promise<void> {
  await db.blob.updateMany({ where: { digest, key, damagedAt: null }, data: { damagedAt: new Date() } });
}

/** They are there after all. */
export async function noteHealth(db: Database, { digest, key }: Placed): Promise<void> {
  await db.blob.updateMany({ where: { digest, key }, data: { damagedAt: null } });
}
