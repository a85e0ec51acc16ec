import type { BlobKey } from "#core/artifacts/blob-store.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { doomObjects } from "#core/artifacts/doomed-objects.ts";
import type { Transaction } from "#core/database/client.ts";
import { keepFiles } from "#core/models/put-file.ts";
import type { VersionRow } from "#core/models/version.ts";
import type { Actor } from "#core/registry.ts";
import type { Upload } from "./upload.ts";

/*
 * The ends of an upload whose row is locked. Each returns the keys that it dooms: their removal is tried after the
 * commit, and what fails or is killed is the collector's.
 */

/** The one place where an upload becomes a file: its object is whole, and has this digest. The draft is locked. Throws
 *  `path_taken`, `too_many_files`, `space_exceeded`. */
export async function endAsFile(
  tx: Transaction,
  upload: Upload,
  { draft, digest }: { draft: VersionRow; digest: Digest },
  actor: Actor,
): Promise<BlobKey[]> {
  const { key, path, sizeBytes } = upload;
  const [kept] = await keepFiles(tx, draft, [{ key, path, digest, sizeBytes, actor }]);
  await tx.upload.update({ where: { id: upload.id }, data: { state: "stored", digest, finishedAt: new Date() } });
  const left = [...(kept?.needless ?? []), ...(await dropTail(tx, upload))];
  await doomObjects(
    tx,
    left.map((key) => ({ key, storeId: null })),
  );
  return left;
}

/** It becomes no file: parts, object and tail go. */
export async function endWithout(
  tx: Transaction,
  upload: Upload,
  end: { status: "cancelled" } | { status: "failed"; error: { code: string; message: string } },
): Promise<BlobKey[]> {
  const error = end.status === "failed" ? { errorCode: end.error.code, errorMessage: end.error.message } : {};
  await tx.upload.update({
    where: { id: upload.id },
    data: { state: end.status, finishedAt: new Date(), ...error },
  });
  const tail = await dropTail(tx, upload);
  await doomObjects(tx, [{ key: upload.key, storeId: upload.storeId }, ...tail.map((key) => ({ key, storeId: null }))]);
  return [upload.key, ...tail];
}

async function dropTail(tx: Transaction, { id, tailKey }: Upload): Promise<BlobKey[]> {
  await tx.uploadPart.deleteMany({ where: { uploadId: id } });
  if (tailKey === null) return [];
  await tx.upload.update({ where: { id }, data: { tailKey: null, tailDigest: null } });
  return [tailKey];
}
