import type { NamePattern } from "#core/access/name-pattern.ts";
import { fitsPattern } from "#core/access/seen-names.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { isHeld } from "#core/work/held.ts";
import { Prisma } from "#prisma/client/client.ts";

/** What a quota limits. */
export const measures = ["models", "versions", "sizeBytes", "buildsAtOnce"] as const;
export type Measure = (typeof measures)[number];

/** Where quota `q` has its limits; null for any amount. */
export const limitOf: Record<Measure, Prisma.Sql> = {
  models: Prisma.sql`q.models`,
  versions: Prisma.sql`q.versions`,
  sizeBytes: Prisma.sql`q.size_bytes`,
  buildsAtOnce: Prisma.sql`q.builds_at_once`,
};

/** True in SQL where quota `q` is for models of this name. */
export function isFor(name: Prisma.Sql): Prisma.Sql {
  return fitsPattern(name, Prisma.sql`q.pattern`);
}

const living = Prisma.sql`m.deleted_at IS NULL AND ${isFor(Prisma.sql`m.name`)}`;

/** Of version `v`; a draft has no sum yet. */
const sizeOfVersion = Prisma.sql`
  CASE WHEN v.sealed_at IS NULL
       THEN (SELECT coalesce(sum(f.size_bytes), 0) FROM version_files f WHERE f.version_id = v.id)
       ELSE v.size_bytes END`;

/** What the living models of quota `q` take up together, as a bigint in SQL. Bytes are counted as each version shows
 *  them, also where the store keeps them once: what a quota says depends on nobody else's files. Those of sealed versions
 *  that outlived their model count on: they are kept. */
export const useOf: Record<Measure, Prisma.Sql> = {
  models: Prisma.sql`(SELECT count(*) FROM models m WHERE ${living})`,
  versions: Prisma.sql`(
    SELECT count(*) FROM models m JOIN versions v ON v.model_id = m.id WHERE ${living} AND v.deleted_at IS NULL)`,
  sizeBytes: Prisma.sql`(
    SELECT coalesce(sum(${sizeOfVersion}), 0)::bigint
    FROM models m JOIN versions v ON v.model_id = m.id WHERE ${isFor(Prisma.sql`m.name`)} AND v.deleted_at IS NULL)`,
  buildsAtOnce: Prisma.sql`(
    SELECT count(*) FROM builds b JOIN versions v ON v.id = b.version_id JOIN models m ON m.id = v.model_id
    WHERE b.status NOT IN ('succeeded', 'failed', 'cancelled') AND ${living} AND ${isHeld("build", Prisma.sql`b.id`)})`,
};

/** The same of a quota for bytes, with what uploads in progress have announced. */
const bytesAnnounced = Prisma.sql`
  (${useOf.sizeBytes} + (
    SELECT coalesce(sum(u.size_bytes), 0)::bigint
    FROM uploads u JOIN versions v ON v.id = u.version_id JOIN models m ON m.id = v.model_id
    WHERE u.state IN ('open', 'verifying') AND ${living}))`;

/** What a quota leaves, and which; less than nothing where a limit was lowered below its use. */
export interface Room {
  pattern: NamePattern;
  left: number;
  limit: number;
}

/** Of all quotas for a model the one that leaves least; null where none limits this. */
export async function leastRoom(
  db: Database | Transaction,
  modelId: string,
  measure: Measure,
  {
    except = null,
    withAnnounced = false,
  }: {
    /** Quotas for this name are passed over. */
    except?: string | null;
    /** Whether the bytes of uploads in progress count. */
    withAnnounced?: boolean;
  } = {},
): Promise<Room | null> {
  const use = withAnnounced && measure === "sizeBytes" ? bytesAnnounced : useOf[measure];
  const [room] = await db.$queryRaw<{ pattern: NamePattern; left: bigint; limit: bigint }[]>`
    SELECT q.pattern, ${limitOf[measure]} - ${use} AS "left", ${limitOf[measure]} AS "limit"
    FROM models o JOIN quotas q ON ${isFor(Prisma.sql`o.name`)}
    WHERE o.id = ${modelId}::uuid AND ${limitOf[measure]} IS NOT NULL
      ${except === null ? Prisma.empty : Prisma.sql`AND NOT ${isFor(Prisma.sql`${except}::text`)}`}
    ORDER BY "left", q.pattern LIMIT 1`;
  return room === undefined ? null : { pattern: room.pattern, left: Number(room.left), limit: Number(room.limit) };
}
