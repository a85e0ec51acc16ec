import type { Transaction } from "#core/database/client.ts";
import type { DueWork } from "#core/work/queue.ts";
import { Prisma } from "#prisma/client/client.ts";
import { tagPlaces } from "./tag-places.ts";
import type { TagOfModel } from "./write-move.ts";

/** The kind of work that brings a tag to an image registry; its subject is a row of `tag_syncs`. */
export const tagWork = "tag";

/** Work for every repository in which the registry's tag of that name has to change: those that have to have it now (`tagPlaces`), and
 *  those that it has left. In the transaction of the move, under the lock of its model; returns what to ring for after it. */
export async function requestSync(
  tx: Transaction,
  { modelId, tag }: Omit<TagOfModel, "model">,
  versionId: string | null,
): Promise<DueWork[]> {
  const [model, name] = [Prisma.sql`${modelId}::uuid`, Prisma.sql`${tag}::text`];
  const asked = Prisma.sql`status = 'pending', reason = NULL, changed_at = now(), requests = s.requests + 1`;
  const isBuilt = Prisma.sql`EXISTS (SELECT FROM image WHERE origin = 'built')`;
  return due(
    tx,
    Prisma.sql`
      WITH image AS (
        SELECT i.registry, i.repository, i.origin FROM versions v JOIN images i ON i.id = v.image_id
        WHERE v.id = ${versionId}::uuid),
      wanted AS (SELECT w.* FROM image i CROSS JOIN LATERAL (${tagPlaces(model, name)}) w),
      there AS (
        INSERT INTO tag_syncs AS s (id, model_id, tag, registry, repository, copy, home)
        SELECT gen_random_uuid(), ${model}, ${name}, registry, repository, copy, ${isBuilt} AND NOT copy FROM wanted
        ON CONFLICT (model_id, tag, registry, repository) DO UPDATE
        SET ${asked}, copy = excluded.copy, home = excluded.home OR (s.home AND NOT ${isBuilt})
        RETURNING s.id, s.copy),
      leaving AS (
        UPDATE tag_syncs s SET ${asked}, copy = false, home = s.home AND NOT ${isBuilt}
        WHERE s.model_id = ${model} AND s.tag = ${name} AND NOT EXISTS (
          SELECT FROM wanted w WHERE w.registry = s.registry AND w.repository = s.repository)
        RETURNING s.id, s.copy),
      asked AS (SELECT * FROM there UNION ALL SELECT * FROM leaving)`,
  );
}

/** The same of rows that are there. */
export async function requestSyncs(tx: Transaction, syncIds: readonly string[]): Promise<DueWork[]> {
  return due(
    tx,
    Prisma.sql`
      WITH asked AS (
        UPDATE tag_syncs SET requests = requests + 1 WHERE id = ANY (${syncIds}::uuid[]) RETURNING id, copy)`,
  );
}

/** Work for the rows of `asked`. Whoever works on one at the moment ends only when it has seen this. What is a copy may take its
 *  time, and its turn; any other is done in some milliseconds, also where it was a copy that waited for its turn. */
async function due(tx: Transaction, asked: Prisma.Sql): Promise<DueWork[]> {
  const rows = await tx.$queryRaw<(DueWork & { copy: boolean })[]>`
    ${asked},
    due AS (
      INSERT INTO work (id, kind, subject_id) SELECT gen_random_uuid(), ${tagWork}, id FROM asked
      ON CONFLICT (kind, subject_id) DO UPDATE SET state = 'queued', run_after = now(), lost_leases = 0
      WHERE work.state IN ('done', 'queued', 'blocked')
      RETURNING id, attempt, subject_id)
    SELECT due.id, due.attempt, asked.copy FROM due JOIN asked ON asked.id = due.subject_id`;
  return rows.map(({ copy, ...work }) => (copy ? work : { ...work, kind: tagWork }));
}
