import { recordAudit } from "#core/audit/record-audit.ts";
import { requireNoOpenBuild } from "#core/builds/build.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import { findVersion, readVersion, type Version } from "#core/models/version.ts";
import { followVersions } from "#core/promotion/floating-tags.ts";
import { requireNoPromotedTag } from "#core/promotion/tag-name.ts";
import type { Actor, Registry } from "#core/registry.ts";

/** Takes a sealed version out of use: it is kept and read, and never tagged again. Archiving twice is no
 *  error. Throws `version_not_sealed`, `build_running`, and `version_in_use` while a tag that does not move by itself points at it. */
export async function archiveVersion(
  { db }: Pick<Registry, "db">,
  { model, version }: { model: string; version: string },
  actor: Actor,
  remember: Remember<Version> = forget,
): Promise<Version> {
  return db.$transaction(async (tx) => {
    // Moves of tags wait on the model's row, so none comes in between.
    await tx.$queryRaw`SELECT 1 FROM models WHERE name = ${model} AND deleted_at IS NULL FOR UPDATE`;
    const { id, modelId, sealedAt, archivedAt } = await findVersion(tx, model, version, "for update");
    const before = await readVersion({ db: tx }, model, version);
    if (sealedAt === null)
      throw new SlipwayError("version_not_sealed", `${model}:${version} is a draft: delete it instead`);
    requireNoPromotedTag(before);
    if (archivedAt === null) {
      await requireNoOpenBuild(tx, { versionId: id, object: `${model}:${version}` });
      await tx.version.update({ where: { id }, data: { archivedAt: new Date() } });
      await recordAudit(tx, actor, {
        action: "version.archive",
        object: `${model}:${version}`,
        objectId: id,
        model,
      });
      const why = `${version} was archived`;
      await followVersions(tx, { modelId, model, version, why }, actor.requestId);
    }
    const after = await readVersion({ db: tx }, model, version);
    await remember(tx, after);
    return after;
  });
}
