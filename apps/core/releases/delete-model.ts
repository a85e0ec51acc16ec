import { matches } from "#core/access/name-pattern.ts";
import type { BlobKey } from "#core/artifacts/blob-store.ts";
import type { Afterwards } from "#core/artifacts/blobs.ts";
import { removeDoomed } from "#core/artifacts/doomed-objects.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import { openStatuses } from "#core/builds/build.ts";
import type { Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { findModel, readModel } from "#core/models/model.ts";
import { promotedTags } from "#core/promotion/tag-name.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { abandonUploadsOf } from "#core/uploads/abandon-upload.ts";

/** Its name is free again; versions, images and history stay on record. Its drafts go, and its sealed
 *  versions where these may be deleted (SLIPWAY_DELETABLE_MODELS), or as soon as they may be: see `dropRemains`. Throws `model_not_found`, and `model_in_use` while a tag that does
 *  not move by itself points at a version of it or an image of it is being made. */
export async function deleteModel(
  { db, blobs, config }: Pick<Registry, "db" | "blobs" | "config">,
  { name, afterwards }: { name: string; afterwards: Afterwards },
  actor: Actor,
): Promise<void> {
  const doomed = await db.$transaction(async (tx) => {
    const { id } = await findModel(tx, name, "for update");
    const before = await readModel({ db: tx }, name);
    const tags = promotedTags(Object.keys(before.tags));
    if (tags.length > 0)
      throw new SlipwayError(
        "model_in_use",
        `${name} is in use: remove ${tags.length === 1 ? "its tag" : "its tags"} ${tags.join(", ")} first`,
      );
    const open = await tx.build.findFirst({
      where: { version: { modelId: id }, status: { in: [...openStatuses] } },
      select: { id: true },
    });
    if (open !== null)
      throw new SlipwayError(
        "model_in_use",
        `an image of ${name} is being made (build ${open.id}): wait for it or cancel it first`,
      );
    const withSealed = config.keeping.deletable.some((pattern) => matches(pattern, name));
    const { versions, doomed } = await dropVersions(tx, id, { withSealed });
    const versionsKept = await tx.version.count({ where: { modelId: id, deletedAt: null } });
    await tx.model.update({ where: { id }, data: { deletedAt: new Date() } });
    const { title, description, labels } = before;
    await recordAudit(tx, actor, {
      action: "model.delete",
      object: name,
      objectId: id,
      model: name,
      before: { name, title, description, labels },
      after: { versionsDeleted: versions, versionsKept },
    });
    return doomed;
  });
  afterwards(async () => void (await removeDoomed({ db, blobs }, doomed)));
}

/** All at once: a model may have thousands. Whoever has a file for a draft of it in his hands comes first, and others find it
 *  deleted. The rows of their files may be millions: `dropFiles` does them. */
async function dropVersions(
  tx: Transaction,
  modelId: string,
  { withSealed }: { withSealed: boolean },
): Promise<{ versions: number; doomed: BlobKey[] }> {
  const dropped = await tx.$queryRaw<{ id: string; uploading: boolean }[]>`
    UPDATE versions v SET deleted_at = now()
    WHERE id IN (SELECT id FROM versions WHERE model_id = ${modelId}::uuid AND deleted_at IS NULL
                   AND (sealed_at IS NULL OR ${withSealed}) ORDER BY id FOR UPDATE)
    RETURNING id, EXISTS (SELECT FROM uploads u WHERE u.version_id = v.id AND u.state IN ('open', 'verifying')) AS uploading`;
  const uploading = dropped.filter((version) => version.uploading).map(({ id }) => id);
  return { versions: dropped.length, doomed: await abandonUploadsOf(tx, uploading) };
}
