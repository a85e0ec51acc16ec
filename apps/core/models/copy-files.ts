import { referToBlobs } from "#core/artifacts/blobs.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import type { SizeLimit } from "#core/artifacts/ingest.ts";
import type { Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { countFiles, requireFewerFiles } from "./file-limits.ts";
import { type Version, versionNotFound } from "./version.ts";

/** Gives a draft that was made in this transaction the files of another version of its model, which stays as it is until
 *  the end: rows alone, no bytes. Returns the sum of their bytes. The caller holds it to the quotas. Throws
 *  `version_not_found`, `files_verifying`, `too_many_files`, `file_too_large`. */
export async function copyFiles(
  tx: Transaction,
  { source, versionId, largest }: { source: Version; versionId: string; largest: SizeLimit | null },
): Promise<number> {
  const locked = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM versions WHERE id = ${source.id}::uuid AND deleted_at IS NULL FOR SHARE`;
  if (locked.length === 0) throw versionNotFound(source.model, source.version);
  const verifying = await tx.upload.count({ where: { versionId: source.id, state: "verifying" } });
  if (verifying > 0)
    throw new SlipwayError(
      "files_verifying",
      `files of ${source.model}:${source.version} are still being verified; try again shortly`,
    );
  const files = await tx.versionFile.findMany({
    where: { versionId: source.id },
    select: { blobDigest: true, sizeBytes: true },
  });
  const largestOfAll = files.reduce((most, { sizeBytes }) => Math.max(most, Number(sizeBytes)), 0);
  if (largest !== null && largestOfAll > largest.bytes) throw largest.refusal();
  await requireFewerFiles(tx, await countFiles(tx, versionId), files.length);
  await referToBlobs(tx, [...new Set(files.map(({ blobDigest }) => blobDigest as Digest))]);
  await tx.$executeRaw`
    INSERT INTO version_files (version_id, path, folded_path, blob_digest, size_bytes)
    SELECT ${versionId}::uuid, path, folded_path, blob_digest, size_bytes
    FROM version_files WHERE version_id = ${source.id}::uuid`;
  return files.reduce((sum, { sizeBytes }) => sum + Number(sizeBytes), 0);
}
