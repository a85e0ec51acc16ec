import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import type { Policy } from "#core/policies/policy.ts";
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

/** How a tag stands. */
export interface TagState {
  /** Null where it never was. */
  present: PresentTag | null;
  /** The promotion that waits to move it: one at most. */
  waiting: (TagGoal & { id: string; breaksSignature: boolean; notBeforeMs: number | null }) | null;
}

export async function tagState(tx: Transaction, { modelId, tag }: Omit<TagOfModel, "model">): Promise<TagState> {
  const [row] = await tx.$queryRaw<[(PresentTag | { revision: null }) & Pick<TagState, "waiting">]>`
    SELECT t.version_id AS "versionId", v.semver AS version, t.image_digest AS "imageDigest", t.revision, t.moved_at AS "movedAt",
           (SELECT jsonb_build_object('id', p.id, 'versionId', p.version_id, 'version', p.version, 'imageDigest', p.image_digest,
                                      'breaksSignature', p.breaks_signature, 'notBeforeMs', floor(extract(epoch FROM p.not_before) * 1000))
            FROM promotions p WHERE p.model_id = asked.model_id AND p.tag = asked.tag AND p.status = 'waiting') AS waiting
    FROM (SELECT ${modelId}::uuid AS model_id, ${tag} AS tag) asked
    LEFT JOIN tags t ON t.model_id = asked.model_id AND t.name = asked.tag LEFT JOIN versions v ON v.id = t.version_id`;
  const { waiting, ...present } = row;
  return { present: present.revision === null ? null : present, waiting };
}

export interface Move {
  present: PresentTag | null;
  /** Null removes it. */
  to: TagGoal | null;
  reason: string;
  /** What decided it; null of a removal, and of a move by rule. */
  promotionId: string | null;
  /** Those that it was held against. */
  policies?: readonly Policy[];
  /** They were not asked. */
  forced?: boolean;
}

/** The tag's next revision, with its history and audit rows, and the work that brings it to image registries. The model's row is
 *  locked, so movers of its tags stand in line; a clock that was set back does not change the order of what they did. */
export async function writeMove(
  tx: Transaction,
  { modelId, model, tag }: TagOfModel,
  { present, to, reason, promotionId, policies = [], forced = false }: Move,
  actor: Actor,
): Promise<{ revision: number; due: DueWork[] }> {
  const revision = (present?.revision ?? 0) + 1;
  const movedAt = new Date(Math.max(Date.now(), present?.movedAt.getTime() ?? 0));
  const [fromVersion, toVersion] = [present?.version ?? null, to?.version ?? null];
  const [versionId, imageDigest] = [to?.versionId ?? null, to?.imageDigest ?? null];
  await tx.$executeRaw`
    WITH moved AS (
      INSERT INTO tags (model_id, name, version_id, image_digest, revision, moved_at, moved_by, reason)
      VALUES (${modelId}::uuid, ${tag}, ${versionId}::uuid, ${imageDigest}, ${revision}, ${movedAt}, ${actor.name}, ${reason})
      ON CONFLICT (model_id, name) DO UPDATE
      SET version_id = excluded.version_id, image_digest = excluded.image_digest, revision = excluded.revision,
          moved_at = excluded.moved_at, moved_by = excluded.moved_by, reason = excluded.reason)
    INSERT INTO tag_moves (model_id, tag, revision, from_version, to_version, image_digest, moved_at, moved_by, reason, promotion_id)
    VALUES (${modelId}::uuid, ${tag}, ${revision}, ${fromVersion}, ${toVersion}, ${imageDigest}, ${movedAt}, ${actor.name},
            ${reason}, ${promotionId}::uuid)`;
  await recordAudit(tx, actor, {
    action: to === null ? "tag.remove" : "tag.move",
    object: `${model}:${tag}`,
    objectId: modelId,
    model,
    before: { version: fromVersion, revision: present?.revision ?? null },
    after: {
      ...(to === null ? {} : { version: toVersion, imageDigest }),
      revision,
      reason,
      ...(promotionId === null ? {} : { promotion: promotionId }),
      ...(policies.length === 0
        ? {}
        : { policies: policies.map(({ models, tag, version }) => `${models}/${tag} version ${version}`) }),
      ...(forced ? { forced } : {}),
    },
  });
  return { revision, due: await requestSync(tx, { modelId, tag }, versionId) };
}
