import type { Database } from "#core/database/client.ts";
import { Prisma } from "#prisma/client/client.ts";

/** The names of models that have rows and begin with one of these, which end in a dot. */
export function auditedModels(db: Database, beginnings: readonly string[]): Promise<string[]> {
  return valuesOf(db, Prisma.sql`a.model`, beginnings);
}

/** The actions that have rows and begin so, e.g. with `tag.` */
export function auditedActions(db: Database, beginning: string): Promise<string[]> {
  return valuesOf(db, Prisma.sql`a.action`, [beginning]);
}

/** From value to value through the column's index: as many steps as there are values, however many rows have each.
 *  The column's collation is "C", where all that begins with `tag.` is from `tag.` to `tag/`. */
async function valuesOf(db: Database, column: Prisma.Sql, beginnings: readonly string[]): Promise<string[]> {
  const ends = beginnings.map((beginning) => beginning.replace(/\.$/, "/"));
  const rows = await db.$queryRaw<{ value: string }[]>`
    WITH RECURSIVE step (value, until) AS (
      SELECT (SELECT min(${column}) FROM audit a WHERE ${column} >= first AND ${column} < until), until
      FROM unnest(${beginnings}::text[], ${ends}::text[]) AS range (first, until)
      UNION ALL
      SELECT (SELECT min(${column}) FROM audit a WHERE ${column} > step.value AND ${column} < until), until
      FROM step WHERE step.value IS NOT NULL)
    SELECT DISTINCT value FROM step WHERE value IS NOT NULL`;
  return rows.map(({ value }) => value);
}
