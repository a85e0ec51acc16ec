import type { NamePattern } from "#core/access/name-pattern.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { Prisma } from "#prisma/client/client.ts";
import { isFor } from "./use.ts";

/** What a quota says of each file, or each version, by itself. */
export interface FileQuota {
  pattern: NamePattern;
  limit: number;
}

const columns = { fileBytes: Prisma.sql`q.file_bytes`, filesPerVersion: Prisma.sql`q.files_per_version` } as const;

/** The limit alone, of the model whose id is `modelId` in SQL, as a number or null. */
export function leastFileQuota(modelId: Prisma.Sql, what: keyof typeof columns): Prisma.Sql {
  return Prisma.sql`(
    SELECT min(${columns[what]})::float8 FROM models o JOIN quotas q ON ${isFor(Prisma.sql`o.name`)}
    WHERE o.id = ${modelId})`;
}

/** Of all quotas for a model the least that is said; null where none says anything. It tells nothing of other models, and so
 *  may be shown to whoever meets it. */
export async function fileQuota(
  db: Database | Transaction,
  modelId: string,
  what: keyof typeof columns,
): Promise<FileQuota | null> {
  const [quota] = await db.$queryRaw<FileQuota[]>`
    SELECT q.pattern, ${columns[what]}::float8 AS "limit"
    FROM models o JOIN quotas q ON ${isFor(Prisma.sql`o.name`)}
    WHERE o.id = ${modelId}::uuid AND ${columns[what]} IS NOT NULL
    ORDER BY ${columns[what]}, q.pattern LIMIT 1`;
  return quota ?? null;
}
