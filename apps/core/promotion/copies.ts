import { Prisma } from "#prisma/client/client.ts";

/** In SQL, names of the registries that policies have the image of a tag of a model copied to; of one that is moved by
 *  promotion. */
export function copiesOf(modelId: Prisma.Sql, tag: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    SELECT DISTINCT r.registry
    FROM models m JOIN policies p ON p.models = m.name
      OR (right(p.models, 1) = '*' AND starts_with(m.name, left(p.models, -1)))
    CROSS JOIN LATERAL jsonb_array_elements_text(p.rules -> 'copyTo') AS r (registry)
    WHERE m.id = ${modelId} AND p.ended_at IS NULL AND p.tag IN (${tag}, '*')`;
}
