import type { Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { type Semver, semverKey } from "#core/models/semver.ts";
import { readVersion, versionNotFound, whyImageIsAway } from "#core/models/version.ts";
import type { PresentTag, TagGoal, TagOfModel } from "./write-move.ts";

/** Where a tag is to go, as a caller says it: a version, the digest of an image, or where an earlier revision of the tag was;
 *  `previous` is the revision before the present one. */
export type Destination = { version: Semver } | { digest: string } | { revision: number | "previous" };

/** A version that is ready, with its image. Throws `version_not_found`, `version_not_ready`, `digest_ambiguous`,
 *  `revision_not_found`, `revision_unset`, `revision_ambiguous`. */
export async function findGoal(
  tx: Transaction,
  named: TagOfModel,
  present: PresentTag | null,
  to: Destination,
): Promise<TagGoal> {
  const { model } = named;
  const version =
    "version" in to
      ? to.version
      : "digest" in to
        ? await versionOfImage(tx, named, to.digest)
        : await versionOfRevision(tx, named, present, to.revision);
  const [goal] = await tx.$queryRaw<TagGoal[]>`
    SELECT v.id AS "versionId", v.semver AS version, i.digest AS "imageDigest"
    FROM versions v JOIN images i ON i.id = v.image_id
    WHERE v.model_id = ${named.modelId}::uuid AND v.semver_key = ${semverKey(version)}
      AND v.deleted_at IS NULL AND v.archived_at IS NULL AND i.status = 'present'`;
  if (goal !== undefined) return goal;
  const target = await readVersion({ db: tx }, model, version);
  throw new SlipwayError(
    "version_not_ready",
    whyImageIsAway(target) ?? `${model}:${version} is ${target.status}: a tag points at a version that is ready`,
  );
}

async function versionOfImage(tx: Transaction, { modelId, model }: TagOfModel, digest: string): Promise<Semver> {
  const versions = await tx.version.findMany({
    where: { modelId, deletedAt: null, image: { digest } },
    orderBy: { number: "desc" },
    select: { semver: true, archivedAt: true },
  });
  const inUse = versions.filter(({ archivedAt }) => archivedAt === null);
  const [first, ...others] = (inUse.length > 0 ? inUse : versions.slice(0, 1)).map(({ semver }) => semver);
  if (first === undefined) throw versionNotFound(model, digest);
  if (others.length > 0)
    throw new SlipwayError(
      "digest_ambiguous",
      `${[first, ...others].join(", ")} of ${model} have the image ${digest}: name the version`,
    );
  return first as Semver;
}

async function versionOfRevision(
  tx: Transaction,
  { modelId, model, tag }: TagOfModel,
  present: PresentTag | null,
  wanted: number | "previous",
): Promise<Semver> {
  if (wanted === "previous") await requireNotBack(tx, { modelId, model, tag }, present);
  const revision = wanted === "previous" ? (present?.revision ?? 1) - 1 : wanted;
  const move = await tx.tagMove.findUnique({ where: { modelId_tag_revision: { modelId, tag, revision } } });
  if (move === null)
    throw new SlipwayError(
      "revision_not_found",
      wanted === "previous"
        ? `${model}:${tag} was nowhere before: there is nothing to roll back to`
        : `${model}:${tag} has no revision ${revision}: GET …/tags/${tag}/history has them all`,
    );
  if (move.toVersion === null)
    throw new SlipwayError(
      "revision_unset",
      `revision ${revision} of ${model}:${tag} is its removal: name the one to roll back to, of GET …/tags/${tag}/history`,
    );
  return move.toVersion as Semver;
}

/** Two who press the button at once, or one who presses it twice, must not bring back what the first rollback took away: what the tag
 *  left by one is no place to roll back to unnamed. */
async function requireNotBack(
  tx: Transaction,
  { modelId, model, tag }: TagOfModel,
  present: PresentTag | null,
): Promise<void> {
  if (present === null || present.version === null) return;
  const { version, revision } = present;
  const back = await tx.promotion.findFirst({
    where: { modelId, tag, revision, rollback: true },
    select: { id: true },
  });
  if (back !== null)
    throw new SlipwayError(
      "revision_ambiguous",
      `${model}:${tag} was rolled back to ${version} already, in revision ${revision}: name the revision to go to, of GET …/tags/${tag}/history`,
    );
}
