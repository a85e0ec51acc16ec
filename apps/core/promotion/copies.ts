import { fitsPattern } from "#core/access/seen-names.ts";
import { Prisma } from "#prisma/client/client.ts";

/** In SQL, names of the registries that policies have the image of a tag of a model copied to; of one that is moved by
 *  promotion. */
export function copiesOf(modelId: Prisma.Sql, tag: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    SELECT DISTINCT r.registry
    FROM models m JOIN policies p ON ${fitsPattern(Prisma.sql`m.name`, Prisma.sql`p.models`)}
    CROSS JOIN LATERAL jsonb_array_elements_text(p.rules -> 'copyTo') AS r (registry)
    WHERE m.id = ${modelId} AND p.ended_at IS NULL AND lower(p.tag) IN (lower(${tag}), '*')`;
}
