import type { BlobKey } from "#core/artifacts/blob-store.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import { imageReference, readVersionById } from "#core/models/version.ts";
import type { Actor } from "#core/registry.ts";
import { abandonUploadsOf } from "#core/uploads/abandon-upload.ts";

/** Its files and uploads go; the row stays, so that semver and number are never used again, and with it content digest and
 *  history. Its row is locked. Returns the keys that are to be removed when the transaction is through; the bytes of its
 *  files are the collector's, since other versions may have the same. */
export async function dropVersion(tx: Transaction, id: string, actor: Actor): Promise<BlobKey[]> {
  const before = await readVersionById(tx, id);
  const doomed = await abandonUploadsOf(tx, [id]);
  await tx.versionFile.deleteMany({ where: { versionId: id } });
  await tx.version.update({ where: { id }, data: { deletedAt: new Date() } });
  await recordAudit(tx, actor, {
    action: "version.delete",
    object: `${before.model}:${before.version}`,
    objectId: id,
    model: before.model,
    before: {
      status: before.status,
      contentDigest: before.contentDigest,
      sizeBytes: Number(before.sizeBytes),
      fileCount: before.fileCount,
      image: before.image === null ? null : imageReference(before.image),
    },
  });
  return doomed;
}
