import { Prisma } from "#prisma/client/client.ts";

/** Whether anything refers to blob `b`, in SQL: the files of versions, the layers of bases and of runtimes. */
export const isReferenced = Prisma.sql`
  (EXISTS (SELECT FROM version_files f WHERE f.blob_digest = b.digest)
   OR b.digest IN (SELECT layer ->> 'digest' FROM runtimes, jsonb_array_elements(layers) layer)
   OR b.digest IN (SELECT layer ->> 'digest' FROM bases, jsonb_array_elements(record -> 'layers') layer))`;

/** Whether a row names the object with the key `o.key`, in SQL: that of a blob, or of an upload in progress. */
export const isOwned = Prisma.sql`
  (EXISTS (SELECT FROM blobs b WHERE b.key = o.key)
   OR EXISTS (SELECT FROM uploads u WHERE u.key = o.key AND u.state IN ('open', 'verifying'))
   OR o.key IN (SELECT u.tail_key FROM uploads u WHERE u.tail_key IS NOT NULL))`;
