import type { Transaction } from "#core/database/client.ts";
import { isFloating } from "#core/promotion/tag-name.ts";

/** Images that a promoted tag of the model has left within so many days, by digest: the tag that left last, and when. They are what a
 *  rollback goes to. */
export async function leftTags(
  tx: Transaction,
  modelId: string,
  days: number,
): Promise<Map<string, { tag: string; leftAt: Date }>> {
  const rows = await tx.$queryRaw<{ digest: string; tag: string; leftAt: Date }[]>`
    SELECT digest, tag, "leftAt"
    FROM (SELECT image_digest AS digest, tag, lead(moved_at) OVER (PARTITION BY tag ORDER BY revision) AS "leftAt"
          FROM tag_moves WHERE model_id = ${modelId}::uuid) moves
    WHERE digest IS NOT NULL AND "leftAt" > now() - ${days} * interval '1 day'
    ORDER BY "leftAt"`;
  return new Map(rows.filter(({ tag }) => !isFloating(tag)).map(({ digest, ...left }) => [digest, left]));
}

/** As people are told it, in UTC. */
export function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
