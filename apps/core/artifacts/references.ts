import { Prisma } from "#prisma/client/client.ts";
import { ownerKey } from "./store-owner.ts";

/** Whether anything refers to blob `b`, in SQL: the files of versions, the layers of bases, of runtimes and of wheels. */
export const isReferenced = Prisma.sql`
  (EXISTS (SELECT FROM version_files f WHERE f.blob_digest = b.digest)
   OR b.digest IN (SELECT layer ->> 'digest' FROM runtimes, jsonb_array_elements(layers) layer)
   OR b.digest IN (SELECT layer ->> 'digest' FROM wheel_layers WHERE layer IS NOT NULL)
   OR b.digest IN (SELECT layer ->> 'digest' FROM bases, jsonb_array_elements(record -> 'layers') layer))`;

/** Whether the object with the key `o.key` has its place in the store, in SQL: as that of a blob, of an upload in progress, as
 *  one that another took the place of, or as the store's mark. */
export const isOwned = Prisma.sql`
  (o.key = ${ownerKey}
   OR EXISTS (SELECT FROM blobs b WHERE b.key = o.key)
   OR EXISTS (SELECT FROM doomed_objects d WHERE d.key = o.key AND d.after_grace)
   OR EXISTS (SELECT FROM uploads u WHERE u.key = o.key AND u.state IN ('open', 'verifying'))
   OR o.key IN (SELECT u.tail_key FROM uploads u WHERE u.tail_key IS NOT NULL))`;
