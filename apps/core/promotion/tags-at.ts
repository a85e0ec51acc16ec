import type { Grants } from "#core/access/roles.ts";
import { seenNames } from "#core/access/seen-names.ts";
import { isId } from "#core/database/ids.ts";
import { invalidCursor, keyOf, type Page, type PageRequest, pageOf, pageSize } from "#core/database/paging.ts";
import { findModel } from "#core/models/model.ts";
import type { Registry } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";
import { type Tag, tagNotFound } from "./read-tags.ts";

/** What is on record of a tag at a time. */
export type TagThen = Omit<Tag, "registries">;

/** A tag as it was at a time. Throws `model_not_found`, `tag_not_found`. */
export async function readTagAt(
  { db }: Pick<Registry, "db">,
  { model, tag, at }: { model: string; tag: string; at: Date },
): Promise<TagThen> {
  const { id } = await findModel(db, model);
  const [row] = await db.$queryRaw<TagThen[]>`
    SELECT ${columns} FROM models m ${lastMove(tag, at)} WHERE m.id = ${id}::uuid AND h.to_version IS NOT NULL`;
  if (row === undefined) throw tagNotFound(model, tag);
  return row;
}

export interface TagSearch extends PageRequest {
  tag: string;
  /** Null for now. */
  at: Date | null;
  /** Of the caller: what it may not see is not there. */
  grants: Grants;
}

/** A tag in all models that had it at a time, by name; models that were deleted since are among them, and all have the names
 *  that they have now. */
export async function listTagAt(
  { db }: Pick<Registry, "db">,
  { tag, at, grants, ...page }: TagSearch,
): Promise<Page<TagThen>> {
  const size = pageSize(page);
  const list = "tag of models";
  const after = keyOf(list, page.cursor);
  const conditions = [
    seenNames(grants, Prisma.sql`m.name`),
    at === null ? Prisma.sql`m.deleted_at IS NULL` : Prisma.sql`(m.deleted_at IS NULL OR m.deleted_at > ${at})`,
    Prisma.sql`h.to_version IS NOT NULL`,
    ...(after === null ? [] : [behind(after)]),
  ];
  const rows = await db.$queryRaw<(TagThen & { modelId: string })[]>`
    SELECT ${columns}, m.id AS "modelId" FROM models m ${lastMove(tag, at)}
    WHERE ${Prisma.join(conditions, " AND ")} ORDER BY m.name, m.id LIMIT ${size + 1}`;
  return pageOf(
    list,
    rows,
    size,
    (row) => `${row.model}/${row.modelId}`,
    ({ modelId: _, ...row }) => row,
  );
}

const columns = Prisma.sql`
  m.name AS model, h.tag, h.to_version AS version, h.image_digest AS "imageDigest", h.revision, h.moved_at AS "movedAt",
  h.moved_by AS "movedBy", h.reason`;

/** Times of a tag's moves never go back, so the last by time is the last. */
function lastMove(tag: string, at: Date | null): Prisma.Sql {
  return Prisma.sql`
    CROSS JOIN LATERAL (
      SELECT * FROM tag_moves h
      WHERE h.model_id = m.id AND h.tag = ${tag} ${at === null ? Prisma.empty : Prisma.sql`AND h.moved_at <= ${at}`}
      ORDER BY h.moved_at DESC, h.revision DESC LIMIT 1) h`;
}

function behind(key: string): Prisma.Sql {
  const end = key.lastIndexOf("/");
  const [name, id] = [key.slice(0, end), key.slice(end + 1)];
  if (!isId(id)) throw invalidCursor();
  return Prisma.sql`(m.name, m.id) > (${name}, ${id}::uuid)`;
}
