import type { Database, Transaction } from "#core/database/client.ts";
import { invalidCursor, keyOf, type Page, type PageRequest, pageOf, pageSize } from "#core/database/paging.ts";
import { SlipwayError } from "#core/errors.ts";
import { findModel, modelNotFound } from "#core/models/model.ts";
import type { Registry } from "#core/registry.ts";

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
}

/** Throws `model_not_found`, `tag_not_found`. */
export async function readTag({ db }: { db: Database | Transaction }, model: string, tag: string): Promise<Tag> {
  const rows = await db.tag.findMany({
    where: { name: tag, versionId: { not: null }, model: { name: model, deletedAt: null } },
    include: { version: true },
  });
  const [row] = rows;
  if (row === undefined) {
    if ((await db.model.count({ where: { name: model, deletedAt: null } })) === 0) throw modelNotFound(model);
    throw tagNotFound(model, tag);
  }
  return tagOf(model, row);
}

/** By name. Throws `model_not_found`. */
export async function listTags({ db }: Pick<Registry, "db">, model: string, page: PageRequest): Promise<Page<Tag>> {
  const after = keyOf("tags", page.cursor);
  const size = pageSize(page);
  const { id: modelId } = await findModel(db, model);
  const rows = await db.tag.findMany({
    where: { modelId, versionId: { not: null }, ...(after === null ? {} : { name: { gt: after } }) },
    include: { version: true },
    orderBy: { name: "asc" },
    take: size + 1,
  });
  return pageOf(
    "tags",
    rows,
    size,
    (row) => row.name,
    (row) => tagOf(model, row),
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
  const rows = await db.tagMove.findMany({
    where: { modelId, tag, ...(before === null ? {} : { revision: { lt: revisionFrom(before) } }) },
    orderBy: { revision: "desc" },
    take: size + 1,
  });
  if (rows.length === 0 && before === null) throw tagNotFound(model, tag);
  return pageOf(
    list,
    rows,
    size,
    (row) => String(row.revision),
    ({ fromVersion, toVersion, modelId: _, ...row }) => ({
      ...row,
      model,
      version: toVersion,
      from: fromVersion,
      to: toVersion,
    }),
  );
}

function revisionFrom(key: string): number {
  if (!/^\d{1,9}$/.test(key)) throw invalidCursor();
  return Number(key);
}

function tagOf(
  model: string,
  row: {
    name: string;
    imageDigest: string | null;
    revision: number;
    movedAt: Date;
    movedBy: string;
    reason: string;
    version: { semver: string } | null;
  },
): Tag {
  const { name, imageDigest, version, revision, movedAt, movedBy, reason } = row;
  return {
    model,
    tag: name,
    version: version?.semver ?? "",
    imageDigest: imageDigest ?? "",
    revision,
    movedAt,
    movedBy,
    reason,
  };
}

export function tagNotFound(model: string, tag: string): SlipwayError {
  return new SlipwayError("tag_not_found", `${model} has no tag "${tag.slice(0, 200)}"`);
}
