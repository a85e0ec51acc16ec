import { requireNoOpenBuild } from "#core/builds/build.ts";
import type { Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { findModel } from "#core/models/model.ts";
import { imageReference } from "#core/models/version.ts";
import { promotedTags } from "#core/promotion/tag-name.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { beginRemoval } from "./begin-removal.ts";
import { indexOf, lockImage, lockManifest, readImage, type VersionImage } from "./image-row.ts";
import { ruleOf } from "./retention-rules.ts";
import { dayOf, leftTags } from "./tag-history.ts";

/** Has the image of a version removed from its registry by a worker; the version keeps its digest, and can have the image put
 *  back. Asking twice is no error. Throws `image_not_found`, `image_external`, `build_running`, and `image_in_use` while a tag
 *  that does not move by itself points at it or waits to, such a tag has left it too lately for the rule of its model, it is another version's as well, or an index on
 *  record lists it. */
export async function removeImage(
  { db, doorbell }: Pick<Registry, "db" | "doorbell">,
  named: { model: string; version: string },
  actor: Actor,
): Promise<VersionImage> {
  const object = `${named.model}:${named.version}`;
  const { workId, after } = await db.$transaction(async (tx) => {
    // Moves of tags wait on the model's row, so none comes in between.
    const { id: modelId } = await findModel(tx, named.model, "for update");
    const { versionId, image } = await lockImage(tx, named);
    if (image.status === "removing" || image.status === "removed") return { workId: null, after: image };
    if (image.origin === "external")
      throw new SlipwayError(
        "image_external",
        `the image of ${object} was built elsewhere: Slipway removes what it has pushed itself; remove ${imageReference(image)} where it was pushed from`,
      );
    await requireNoOpenBuild(tx, { versionId, object });
    await lockManifest(tx, image);
    await requireUnused(tx, { modelId, versionId, object, model: named.model }, image);
    const workId = await beginRemoval(tx, { ...named, modelId, image, why: null }, actor);
    return { workId, after: await readImage({ db: tx }, named) };
  });
  if (workId !== null) await doorbell.ring(workId);
  return after;
}

async function requireUnused(
  tx: Transaction,
  { modelId, versionId, object, model }: { modelId: string; versionId: string; object: string; model: string },
  { repository, digest }: VersionImage,
): Promise<void> {
  const refuse = (why: string): never => {
    throw new SlipwayError("image_in_use", `the image of ${object} is in use: ${why}`);
  };
  // A tag of an image from elsewhere may have it here as well.
  const tags = await tx.$queryRaw<{ name: string }[]>`
    SELECT t.name FROM tags t JOIN versions v ON v.id = t.version_id JOIN images i ON i.id = v.image_id
    WHERE i.digest = ${digest} AND (i.repository = ${repository} OR EXISTS (
      SELECT FROM tag_syncs s WHERE s.model_id = t.model_id AND s.tag = t.name AND s.repository = ${repository}))
    ORDER BY t.name`;
  const promoted = promotedTags(tags.map(({ name }) => name));
  if (promoted.length > 0) refuse(`move ${promoted.join(", ")} to another version first`);
  const awaiting = await tx.promotion.findFirst({
    where: { versionId, status: "waiting" },
    select: { id: true, tag: true },
  });
  if (awaiting !== null) refuse(`${awaiting.tag} waits to move to it: cancel the promotion ${awaiting.id} first`);
  const others = await tx.version.count({
    where: { id: { not: versionId }, deletedAt: null, model: { deletedAt: null }, image: { repository, digest } },
  });
  if (others > 0) refuse("it is another version's as well");
  const index = await indexOf(tx, { repository, digest });
  if (index !== null) refuse(`the index ${index}, which is an image here too, lists it`);
  const rule = await ruleOf(tx, model);
  if (rule === null) return;
  const left = (await leftTags(tx, modelId, rule.afterTagDays)).get(digest);
  if (left !== undefined)
    refuse(
      `it was under ${left.tag} until ${dayOf(left.leftAt)}, and the rule of ${rule.pattern} keeps it ${rule.afterTagDays} days from then`,
    );
}
