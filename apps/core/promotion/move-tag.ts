import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { storable } from "#core/models/labels.ts";
import { findModel } from "#core/models/model.ts";
import { readVersion, whyImageIsAway } from "#core/models/version.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { readTag, type Tag, tagNotFound } from "./read-tags.ts";
import type { TagName } from "./tag-name.ts";

/** What a caller demands of the tag as it is: a revision (`If-Match: "3"`), that it is there at all
 *  (`If-Match: *`), or that it is not (`If-None-Match: *`). */
export type TagCondition = { revision: readonly number[] } | "exists" | "absent" | null;

export interface TagTarget {
  model: string;
  tag: TagName;
  version: string;
  reason: string;
  condition: TagCondition;
}

/** Moves a tag in one transaction with its history and audit rows. Movers of one model's tags wait in
 *  line on its row. Where the tag is there already nothing changes. Throws `version_not_ready`,
 *  `tag_moved`, `tag_taken`. */
export async function moveTag(
  { db }: Pick<Registry, "db">,
  { model, tag, version, reason, condition }: TagTarget,
  actor: Actor,
): Promise<{ tag: Tag; made: boolean }> {
  checkReason(reason);
  return db.$transaction(async (tx) => {
    const { id: modelId } = await findModel(tx, model, "for update");
    const present = await presentTag(tx, modelId, tag);
    checkCondition(model, tag, present, condition);
    if (present === null || present.versionId === null) await requireNoLookAlike(tx, model, modelId, tag);
    const target = await readVersion({ db: tx }, model, version);
    if (target.status !== "ready" || target.image === null)
      throw new SlipwayError(
        "version_not_ready",
        whyImageIsAway(target) ?? `${model}:${version} is ${target.status}: a tag points at a version that is ready`,
      );
    const { id: versionId } = target;
    const imageDigest = target.image.digest;
    const unmoved = present?.versionId === versionId && present.imageDigest === imageDigest;
    if (!unmoved) {
      const move = {
        modelId,
        tag,
        revision: (present?.revision ?? 0) + 1,
        movedAt: new Date(),
        movedBy: actor.name,
        reason,
      };
      await writeMove(tx, { ...move, from: present?.version ?? null, to: { versionId, version, imageDigest } });
      await recordAudit(tx, actor, {
        action: "tag.move",
        object: `${model}:${tag}`,
        objectId: modelId,
        model,
        before: { version: present?.version ?? null, revision: present?.revision ?? null },
        after: { version, imageDigest, revision: move.revision, reason },
      });
    }
    return { tag: await readTag({ db: tx }, model, tag), made: present === null || present.versionId === null };
  });
}

/** Its revision goes on when it is made again. Throws `tag_not_found`, `tag_moved`. */
export async function removeTag(
  { db }: Pick<Registry, "db">,
  { model, tag, reason, condition }: Omit<TagTarget, "version">,
  actor: Actor,
): Promise<void> {
  checkReason(reason);
  await db.$transaction(async (tx) => {
    const { id: modelId } = await findModel(tx, model, "for update");
    const present = await presentTag(tx, modelId, tag);
    checkCondition(model, tag, present, condition);
    if (present === null || present.versionId === null) throw tagNotFound(model, tag);
    const revision = present.revision + 1;
    await writeMove(tx, {
      modelId,
      tag,
      revision,
      movedAt: new Date(),
      movedBy: actor.name,
      reason,
      from: present.version,
      to: null,
    });
    await recordAudit(tx, actor, {
      action: "tag.remove",
      object: `${model}:${tag}`,
      objectId: modelId,
      model,
      before: { version: present.version, revision: present.revision },
      after: { revision, reason },
    });
  });
}

/** OCI tags that differ in case are two; whoever reads them takes them for one. Throws `tag_taken`. */
async function requireNoLookAlike(tx: Transaction, model: string, modelId: string, tag: TagName): Promise<void> {
  const [alike] = await tx.$queryRaw<{ name: string }[]>`
    SELECT name FROM tags
    WHERE model_id = ${modelId}::uuid AND version_id IS NOT NULL AND lower(name) = lower(${tag}) AND name <> ${tag}
    LIMIT 1`;
  if (alike === undefined) return;
  throw new SlipwayError(
    "tag_taken",
    `${model} has the tag "${alike.name}", which differs from "${tag}" in case alone: move that one, or remove it first`,
  );
}

interface PresentTag {
  versionId: string | null;
  version: string | null;
  imageDigest: string | null;
  revision: number;
}

async function presentTag(tx: Transaction, modelId: string, tag: TagName): Promise<PresentTag | null> {
  const row = await tx.tag.findUnique({ where: { modelId_name: { modelId, name: tag } }, include: { version: true } });
  return row === null
    ? null
    : {
        versionId: row.versionId,
        version: row.version?.semver ?? null,
        imageDigest: row.imageDigest,
        revision: row.revision,
      };
}

function checkCondition(model: string, tag: TagName, present: PresentTag | null, condition: TagCondition): void {
  if (condition === null) return;
  const there = present !== null && present.versionId !== null;
  const holds =
    condition === "absent"
      ? !there
      : condition === "exists"
        ? there
        : there && condition.revision.includes(present.revision);
  if (holds) return;
  const state = there ? `at ${present.version}, revision ${present.revision}` : "not set";
  throw new SlipwayError("tag_moved", `${model}:${tag} is ${state}: read it again and decide anew`);
}

async function writeMove(
  tx: Transaction,
  move: {
    modelId: string;
    tag: TagName;
    revision: number;
    movedAt: Date;
    movedBy: string;
    reason: string;
    from: string | null;
    to: { versionId: string; version: string; imageDigest: string } | null;
  },
): Promise<void> {
  const { modelId, tag, from, to, ...moved } = move;
  const state = { versionId: to?.versionId ?? null, imageDigest: to?.imageDigest ?? null, ...moved };
  await tx.tag.upsert({
    where: { modelId_name: { modelId, name: tag } },
    create: { modelId, name: tag, ...state },
    update: state,
  });
  await tx.tagMove.create({
    data: {
      modelId,
      tag,
      fromVersion: from,
      toVersion: to?.version ?? null,
      imageDigest: to?.imageDigest ?? null,
      ...moved,
    },
  });
}

function checkReason(reason: string): void {
  if (!storable(reason)) throw new SlipwayError("invalid_request", "the reason is Unicode text without NUL characters");
}
