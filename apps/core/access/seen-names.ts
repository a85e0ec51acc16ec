import { Prisma } from "#prisma/client/client.ts";
import { comparands, everyName } from "./name-pattern.ts";
import { type Grants, seenPatterns } from "./roles.ts";

/** True in SQL where a name fits a pattern: what `matches` says of the two. */
export function fitsPattern(name: Prisma.Sql, pattern: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    (${pattern} = ${name} OR (right(${pattern}, 1) = '*' AND starts_with(${name}, left(${pattern}, -1))))`;
}

/** True in SQL where `column`, a model's name, is one that the grants let see. A name that is null is seen by those who
 *  see all. */
export function seenNames(grants: Grants, column: Prisma.Sql): Prisma.Sql {
  if (grants.length === 0) return Prisma.sql`false`;
  const sets = seenPatterns(grants).map((patterns) => {
    if (patterns.includes(everyName)) return Prisma.sql`true`;
    const { names, beginnings } = comparands(patterns);
    return Prisma.sql`(${column} = ANY (${names}) OR EXISTS (
      SELECT 1 FROM unnest(${beginnings}::text[]) AS beginning WHERE starts_with(${column}, beginning)))`;
  });
  return Prisma.join(sets, " AND ");
}
