import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import type { Actor } from "#core/registry.ts";
import type { DueWork } from "#core/work/queue.ts";
import { requestSync } from "./request-sync.ts";

/** A tag's row: also of one that was removed, whose revision goes on. */
export interface PresentTag {
  versionId: string | null;
  version: string | null;
  imageDigest: string | null;
  revision: number;
  movedAt: Date;
}

/** Where a tag goes. */
export interface TagGoal {
  versionId: string;
  version: string;
  imageDigest: string;
}

export interface TagOfModel {
  modelId: string;
  model: string;
  tag: string;
}

export async function presentTag(
  tx: Transaction,
  { modelId, tag }: Omit<TagOfModel, "model">,
): Promise<PresentTag | null> {
  const row = await tx.tag.findUnique({ where: { modelId_name: { modelId, name: tag } }, include: { version: true } });
  if (row === null) return null;
  const { versionId, version, imageDigest, revision, movedAt } = row;
  return { versionId, version: version?.semver ?? null, imageDigest, revision, movedAt };
}

/** The tag's next revision, with its history and audit rows, and the work that brings it to image registries; `to` null removes it. The model's row is locked, so movers of
 *  its tags stand in line; a clock that was set back does not change the order of what they did. */
export async function writeMove(
  tx: Transaction,
  { modelId, model, tag }: TagOfModel,
  { present, to, reason }: { present: PresentTag | null; to: TagGoal | null; reason: string },
  actor: Actor,
): Promise<DueWork[]> {
  const revision = (present?.revision ?? 0) + 1;
  const movedAt = new Date(Math.max(Date.now(), present?.movedAt.getTime() ?? 0));
  const moved = { revision, movedAt, movedBy: actor.name, reason };
  const imageDigest = to?.imageDigest ?? null;
  const state = { versionId: to?.versionId ?? null, imageDigest, ...moved };
  await tx.tag.upsert({
    where: { modelId_name: { modelId, name: tag } },
    create: { modelId, name: tag, ...state },
    update: state,
  });
  const [fromVersion, toVersion] = [present?.version ?? null, to?.version ?? null];
  await tx.tagMove.create({ data: { modelId, tag, fromVersion, toVersion, imageDigest, ...moved } });
  await recordAudit(tx, actor, {
    action: to === null ? "tag.remove" : "tag.move",
    object: `${model}:${tag}`,
    objectId: modelId,
    model,
    before: { version: fromVersion, revision: present?.revision ?? null },
    after: { ...(to === null ? {} : { version: toVersion, imageDigest }), revision, reason },
  });
  return requestSync(tx, { modelId, tag }, state.versionId);
}
