import type { Transaction } from "#core/database/client.ts";
import { newId } from "#core/database/ids.ts";
import type { DueWork } from "#core/work/queue.ts";
import type { TagOfModel } from "./write-move.ts";

/** The kind of work that brings a tag to an image registry; its subject is a row of `tag_syncs`. */
export const tagWork = "tag";

/** Work for every repository in which the registry's tag of that name has to change: where the image is that the tag points at
 *  now, and where those were that it has left. In the transaction of the move; returns what to ring for after it. Images that
 *  were built elsewhere keep the tags that they were pushed with. */
export async function requestSync(
  tx: Transaction,
  { modelId, tag }: Omit<TagOfModel, "model">,
  versionId: string | null,
): Promise<DueWork[]> {
  await tx.$executeRaw`
    INSERT INTO tag_syncs (id, model_id, tag, registry, repository)
    SELECT ${newId()}::uuid, ${modelId}::uuid, ${tag}, i.registry, i.repository
    FROM versions v JOIN images i ON i.id = v.image_id
    WHERE v.id = ${versionId}::uuid AND i.origin = 'built'
    ON CONFLICT (model_id, tag, registry, repository) DO NOTHING`;
  const syncs = await tx.$queryRaw<{ id: string }[]>`
    UPDATE tag_syncs SET status = 'pending', reason = NULL, changed_at = now()
    WHERE model_id = ${modelId}::uuid AND tag = ${tag} RETURNING id`;
  return requestSyncs(
    tx,
    syncs.map(({ id }) => id),
  );
}

/** The same of rows that are there. Whoever works on one at the moment ends only when it has seen this. */
export async function requestSyncs(tx: Transaction, syncIds: readonly string[]): Promise<DueWork[]> {
  const due: DueWork[] = [];
  for (const syncId of syncIds)
    due.push(
      ...(await tx.$queryRaw<DueWork[]>`
        INSERT INTO work (id, kind, subject_id) VALUES (${newId()}::uuid, ${tagWork}, ${syncId}::uuid)
        ON CONFLICT (kind, subject_id) DO UPDATE SET state = 'queued', run_after = now(), lost_leases = 0
        WHERE work.state IN ('done', 'queued')
        RETURNING id, attempt`),
    );
  return due;
}
