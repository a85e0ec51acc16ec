import type { Database, Transaction } from "#core/database/client.ts";
import { invalidCursor, keyOf, type Page, type PageRequest, pageOf, pageSize } from "#core/database/paging.ts";
import { SlipwayError } from "#core/errors.ts";
import { findModel, modelNotFound } from "#core/models/model.ts";
import type { Registry } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";
import { approvalsOf, type Promotion, withTimes } from "./promotion.ts";

/** A tag as it is read. */
export interface Tag {
  model: string;
  tag: string;
  version: string;
  imageDigest: string;
  revision: number;
  movedAt: Date;
  movedBy: string;
  reason: string;
  /** Where image registries have it too, or are to have it. */
  registries: TagInRegistries[];
}

export interface TagInRegistries {
  /** `host/path:prod`; `production:prod` for as long as it is not known where the registry of that name has the image. */
  reference: string;
  status: "pending" | "synced" | "drifted";
  /** Why it is not synced, in one line. */
  reason: string | null;
  /** RFC 3339. */
  since: string;
}

/** One row of a tag's history; `from` and `to` are versions, null where the tag was not there. */
export interface TagMove {
  model: string;
  tag: string;
  version: string | null;
  imageDigest: string | null;
  revision: number;
  from: string | null;
  to: string | null;
  movedAt: Date;
  movedBy: string;
  reason: string;
  /** What it was allowed on; null of a removal, and of a move by rule. */
  promotion: Evidence | null;
}

export type Evidence = Pick<Promotion, "id" | "forced" | "requestedBy" | "verdicts" | "approvals">;

const selectTags = Prisma.sql`
  SELECT m.name AS model, t.name AS tag, v.semver AS version, t.image_digest AS "imageDigest", t.revision,
         t.moved_at AS "movedAt", t.moved_by AS "movedBy", t.reason,
         (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'reference', coalesce(nullif(s.repository, ''), s.registry) || ':' || s.tag, 'status', s.status, 'reason', s.reason, 'since', s.changed_at)
                   ORDER BY s.repository), '[]')
          FROM tag_syncs s WHERE s.model_id = t.model_id AND s.tag = t.name) AS registries`;

/** In one round trip. Throws `model_not_found`, `tag_not_found`. */
export async function readTag({ db }: { db: Database | Transaction }, model: string, tag: string): Promise<Tag> {
  const [row] = await db.$queryRaw<(Tag | { tag: null })[]>`
    ${selectTags}
    FROM models m LEFT JOIN tags t ON t.model_id = m.id AND t.name = ${tag} AND t.version_id IS NOT NULL
    LEFT JOIN versions v ON v.id = t.version_id
    WHERE m.name = ${model} AND m.deleted_at IS NULL`;
  if (row === undefined) throw modelNotFound(model);
  if (row.tag === null) throw tagNotFound(model, tag);
  return row;
}

/** By name. Throws `model_not_found`. */
export async function listTags({ db }: Pick<Registry, "db">, model: string, page: PageRequest): Promise<Page<Tag>> {
  const after = keyOf("tags", page.cursor);
  const size = pageSize(page);
  const { id: modelId } = await findModel(db, model);
  const rows = await db.$queryRaw<Tag[]>`
    ${selectTags}
    FROM models m JOIN tags t ON t.model_id = m.id JOIN versions v ON v.id = t.version_id
    WHERE m.id = ${modelId}::uuid AND t.name > ${after ?? ""} ORDER BY t.name LIMIT ${size + 1}`;
  return pageOf(
    "tags",
    rows,
    size,
    (row) => row.tag,
    (row) => row,
  );
}

/** The latest first; also of a tag that was removed. Throws `tag_not_found`. */
export async function readTagHistory(
  { db }: Pick<Registry, "db">,
  model: string,
  tag: string,
  page: PageRequest,
): Promise<Page<TagMove>> {
  const list = "tag history";
  const before = keyOf(list, page.cursor);
  const size = pageSize(page);
  const { id: modelId } = await findModel(db, model);
  const rows = await db.$queryRaw<TagMove[]>`
    SELECT ${model} AS model, h.tag, h.to_version AS version, h.image_digest AS "imageDigest", h.revision,
           h.from_version AS "from", h.to_version AS "to", h.moved_at AS "movedAt", h.moved_by AS "movedBy", h.reason,
           CASE WHEN p.id IS NOT NULL THEN jsonb_build_object(
             'id', p.id, 'forced', p.forced, 'requestedBy', p.requested_by, 'verdicts', p.verdicts,
             'approvals', ${approvalsOf}) END AS promotion
    FROM tag_moves h LEFT JOIN promotions p ON p.id = h.promotion_id
    WHERE h.model_id = ${modelId}::uuid AND h.tag = ${tag}
      ${before === null ? Prisma.empty : Prisma.sql`AND h.revision < ${revisionFrom(before)}`}
    ORDER BY h.revision DESC LIMIT ${size + 1}`;
  if (rows.length === 0 && before === null) throw tagNotFound(model, tag);
  return pageOf(
    list,
    rows,
    size,
    (row) => String(row.revision),
    ({ promotion, ...row }) => ({ ...row, promotion: promotion === null ? null : withTimes(promotion) }),
  );
}

function revisionFrom(key: string): number {
  if (!/^\d{1,9}$/.test(key)) throw invalidCursor();
  return Number(key);
}

export function tagNotFound(model: string, tag: string): SlipwayError {
  return new SlipwayError("tag_not_found", `${model} has no tag "${tag.slice(0, 200)}"`);
}
