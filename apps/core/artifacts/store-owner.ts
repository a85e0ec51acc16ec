import { text } from "node:stream/consumers";
import type { Database } from "#core/database/client.ts";
import { isSlipwayError } from "#core/errors.ts";
import type { BlobKey } from "./blob-store.ts";
import type { Blobs } from "./blobs.ts";

/** An object that says whose database names what is in the store. */
export const ownerKey = "slipway-owner" as BlobKey;

/** Where rows and store are not of each other (a wrong address in the settings, a database made anew), all that the store has
 *  looks like garbage. The first round marks the store; throws where the mark is another database's. */
export async function requireOwnStore({ db, blobs }: Blobs): Promise<void> {
  const own = await identityOf(db);
  const owner = (await readOwner({ blobs })) ?? (await mark({ blobs }, own));
  if (owner === own) return;
  throw new Error(
    `the artifact store is that of another database (its object ${ownerKey} names ${owner}, and this one is ${own}): nothing is removed; where it is this one's from now on, remove that object`,
  );
}

/** Made with the database, and part of every copy of it. */
async function identityOf(db: Database): Promise<string> {
  const [first] = await db.$queryRaw<{ id: string }[]>`SELECT id FROM _prisma_migrations ORDER BY started_at LIMIT 1`;
  if (first === undefined) throw new Error("the database was never migrated");
  return first.id;
}

async function readOwner({ blobs }: Pick<Blobs, "blobs">): Promise<string | null> {
  try {
    return await text(await blobs.open(ownerKey));
  } catch (error) {
    if (isSlipwayError(error, "blob_not_found")) return null;
    throw error;
  }
}

/** Of two at once the first is the owner. */
async function mark({ blobs }: Pick<Blobs, "blobs">, own: string): Promise<string> {
  const failed = await blobs.put(ownerKey, Buffer.from(own)).then(
    () => null,
    (error: unknown) => ({ error }),
  );
  const owner = await readOwner({ blobs });
  if (owner === null) throw failed?.error ?? new Error("the mark of the store's owner is gone again");
  return owner;
}
