import { fitsPattern } from "#core/access/seen-names.ts";
import { defaultRegistry } from "#core/images/registries/registry-record.ts";
import { Prisma } from "#prisma/client/client.ts";
import { floatingSource } from "./tag-name.ts";

/** In SQL, the repositories that have to have a tag, as `(registry, repository, copy)`, by the image `i` that it points at: where Slipway
 *  has put that image; for one from elsewhere the tag's home, where Slipway put the one before; and registries that policies have what is
 *  promoted copied to, with an empty repository while none was found there. A `copy` is an image that has to be brought there first. */
export function tagPlaces(modelId: Prisma.Sql, tag: Prisma.Sql): Prisma.Sql {
  const ofTag = Prisma.sql`s.model_id = ${modelId} AND s.tag = ${tag}`;
  return Prisma.sql`
    WITH home AS (
      SELECT s.registry, s.repository FROM tag_syncs s
      WHERE ${ofTag} AND s.home AND i.origin <> 'built'
        AND (s.registry = ${defaultRegistry} OR EXISTS (SELECT FROM registries r WHERE r.name = s.registry)))
    SELECT i.registry, i.repository, false AS copy WHERE i.origin = 'built'
    UNION ALL
    SELECT h.registry, h.repository, (h.registry, h.repository) <> (i.registry, i.repository) FROM home h
    UNION ALL
    SELECT c.registry, coalesce((SELECT s.repository FROM tag_syncs s WHERE ${ofTag} AND s.registry = c.registry
                                 ORDER BY s.copy DESC, s.changed_at DESC LIMIT 1), ''), true
    FROM (
      SELECT DISTINCT r.registry
      FROM models m JOIN policies p ON ${fitsPattern(Prisma.sql`m.name`, Prisma.sql`p.models`)}
      CROSS JOIN LATERAL jsonb_array_elements_text(p.rules -> 'copyTo') AS r (registry)
      WHERE m.id = ${modelId} AND p.ended_at IS NULL AND lower(p.tag) IN (lower(${tag}), '*') AND ${tag} !~* ${floatingSource}) c
    WHERE c.registry <> i.registry AND c.registry NOT IN (SELECT registry FROM home)`;
}
