import type { Transaction } from "#core/database/client.ts";
import type { DueWork } from "#core/work/queue.ts";
import { promotionWork } from "./promotion.ts";

/** Has promotions of a version looked at that wait, now that something is known of it that they may wait for. In its transaction,
 *  which holds the model's row: a worker that looks at one at the moment sees it, or is seen. Returns what to ring for. */
export async function wakePromotions(tx: Transaction, versionId: string): Promise<DueWork[]> {
  return tx.$queryRaw<DueWork[]>`
    UPDATE work SET run_after = now()
    WHERE kind = ${promotionWork} AND state = 'queued' AND subject_id IN (
      SELECT id FROM promotions WHERE version_id = ${versionId}::uuid AND status = 'waiting')
    RETURNING id, attempt`;
}
