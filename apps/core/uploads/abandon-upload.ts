import type { BlobKey } from "#core/artifacts/blob-store.ts";
import { removeDoomed } from "#core/artifacts/doomed-objects.ts";
import type { Transaction } from "#core/database/client.ts";
import type { Registry } from "#core/registry.ts";
import { endWithout } from "./end-upload.ts";
import { lockUpload, readUpload, selectUpload, type Upload, type UploadName, uploadFinished } from "./upload.ts";

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

/** All uploads into a version that is going; its row is locked. Returns the keys that are to be removed when the
 *  transaction is through. */
export async function abandonUploadsOf(tx: Transaction, versionId: string): Promise<BlobKey[]> {
  const uploads = await tx.$queryRaw<Upload[]>`
    ${selectUpload} WHERE u.version_id = ${versionId}::uuid AND u.state IN ('open', 'verifying')
    ORDER BY u.id FOR UPDATE OF u`;
  const doomed: BlobKey[] = [];
  for (const upload of uploads) doomed.push(...(await endWithout(tx, upload, { status: "cancelled" })));
  return doomed;
}

function isInProgress({ status }: Upload): boolean {
  return status === "open" || status === "verifying";
}
