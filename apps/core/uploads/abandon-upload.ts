import type { BlobKey, PartsId } from "#core/artifacts/blob-store.ts";
import { doomObjects, removeDoomed } from "#core/artifacts/doomed-objects.ts";
import type { Transaction } from "#core/database/client.ts";
import type { Registry } from "#core/registry.ts";
import { endWithout } from "./end-upload.ts";
import { lockUpload, readUpload, type Upload, type UploadName, uploadFinished } from "./upload.ts";

/** Its bytes go; whoever sends more of them is refused. Abandoning what has failed or was abandoned is no error. Throws
 *  `upload_not_found`, `upload_finished`. */
export async function abandonUpload({ db, blobs }: Pick<Registry, "db" | "blobs">, name: UploadName): Promise<void> {
  const { id } = await readUpload({ db }, name);
  const doomed = await db.$transaction(async (tx) => {
    const upload = await lockUpload(tx, id);
    if (upload.status === "stored") throw uploadFinished(upload);
    return isInProgress(upload) ? endWithout(tx, upload, { status: "cancelled" }) : [];
  });
  await removeDoomed({ db, blobs }, doomed);
}

/** All uploads into versions that are going; their rows are locked. Returns the keys that are to be removed when the
 *  transaction is through. There may be a thousand into each, of ten thousand parts each: `forgetUploads` lets go of the
 *  parts' rows. */
export async function abandonUploadsOf(tx: Transaction, versionIds: readonly string[]): Promise<BlobKey[]> {
  const ended = await tx.$queryRaw<{ key: BlobKey; storeId: PartsId; tailKey: BlobKey | null }[]>`
    UPDATE uploads u SET state = 'cancelled', finished_at = now(), tail_key = NULL, tail_digest = NULL
    FROM (SELECT id, tail_key FROM uploads
          WHERE version_id = ANY (${versionIds}::uuid[]) AND state IN ('open', 'verifying') ORDER BY id FOR UPDATE) was
    WHERE u.id = was.id
    RETURNING u.key, u.store_id AS "storeId", was.tail_key AS "tailKey"`;
  const objects = ended.map(({ key, storeId }) => ({ key, storeId }));
  const tails = ended.flatMap(({ tailKey }) => (tailKey === null ? [] : [{ key: tailKey, storeId: null }]));
  await doomObjects(tx, [...objects, ...tails]);
  return [...objects, ...tails].map(({ key }) => key);
}

function isInProgress({ status }: Upload): boolean {
  return status === "open" || status === "verifying";
}
