import { matches } from "#core/access/name-pattern.ts";
import type { Afterwards } from "#core/artifacts/blobs.ts";
import { removeDoomed } from "#core/artifacts/doomed-objects.ts";
import { requireNoOpenBuild } from "#core/builds/build.ts";
import { SlipwayError } from "#core/errors.ts";
import { findVersion, readVersion } from "#core/models/version.ts";
import { followVersions } from "#core/promotion/floating-tags.ts";
import { requireNoPromotedTag } from "#core/promotion/tag-name.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { dropVersion } from "./drop-version.ts";

export interface VersionToDelete {
  model: string;
  version: string;
  /** Asked of a version that is sealed: throws where the caller may delete none. */
  requireForSealed(): void;
  afterwards: Afterwards;
}

/** A draft, or a sealed version of a model whose versions may be deleted (SLIPWAY_DELETABLE_MODELS). Its image stays in the
 *  registry. Throws `deletion_not_allowed`, `build_running`, and `version_in_use` while a tag that does not move by itself
 *  points at it. */
export async function deleteVersion(
  { db, blobs, config }: Pick<Registry, "db" | "blobs" | "config">,
  { model, version, requireForSealed, afterwards }: VersionToDelete,
  actor: Actor,
): Promise<void> {
  const doomed = await db.$transaction(async (tx) => {
    // Moves of tags wait on the model's row, so none comes in between.
    await tx.$queryRaw`SELECT 1 FROM models WHERE name = ${model} AND deleted_at IS NULL FOR UPDATE`;
    const found = await findVersion(tx, model, version, "for update");
    if (found.sealedAt !== null) {
      if (!config.keeping.deletable.some((pattern) => matches(pattern, model)))
        throw deletionNotAllowed(model, version);
      requireForSealed();
      requireNoPromotedTag(await readVersion({ db: tx }, model, version));
      await requireNoOpenBuild(tx, { versionId: found.id, object: `${model}:${version}` });
    }
    const dropped = await dropVersion(tx, found.id, actor);
    const { modelId } = found;
    const why = `${version} was deleted`;
    await followVersions(tx, { modelId, model, version, why }, actor.requestId);
    return dropped;
  });
  afterwards(async () => void (await removeDoomed({ db, blobs }, doomed)));
}

function deletionNotAllowed(model: string, version: string): SlipwayError {
  return new SlipwayError(
    "deletion_not_allowed",
    `${model}:${version} is sealed, and SLIPWAY_DELETABLE_MODELS does not name ${model}: archive it instead`,
  );
}
