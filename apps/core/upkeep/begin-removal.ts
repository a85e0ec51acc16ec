import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import { imageReference } from "#core/models/version.ts";
import { followVersions } from "#core/promotion/floating-tags.ts";
import type { Actor } from "#core/registry.ts";
import { addWork } from "#core/work/work.ts";
import { setStatus, type VersionImage } from "./image-row.ts";

/** The kind of work that removes images from their registries; its subject is an image. */
export const removalWork = "removal";

interface ImageToRemove {
  image: VersionImage;
  modelId: string;
  model: string;
  version: string;
  /** The rule that it goes by; null where somebody has asked for it. */
  why: string | null;
}

/** Marks an image as being removed, with its audit row and its work, in the transaction that has looked at what holds it:
 *  from its commit on no tag moves there, and those that follow versions by rule have left it. Ring the bell after. The rows of its model, its versions and its manifest are locked. */
export async function beginRemoval(
  tx: Transaction,
  { image, modelId, model, version, why }: ImageToRemove,
  actor: Actor,
): Promise<string> {
  await setStatus(tx, image, { status: "removing" });
  // That of an earlier removal, of an image that was put back since.
  await tx.work.deleteMany({ where: { kind: removalWork, subjectId: image.id, state: "done" } });
  await recordAudit(tx, actor, {
    action: "image.remove",
    object: `${model}:${version}`,
    objectId: image.id,
    model,
    before: { status: image.status },
    after: { status: "removing", image: imageReference(image), ...(why === null ? {} : { why }) },
  });
  const gone = `the image of ${version} is being removed`;
  await followVersions(tx, { modelId, model, version, why: gone }, actor.requestId);
  return addWork(tx, { kind: removalWork, subjectId: image.id, requestId: actor.requestId });
}
