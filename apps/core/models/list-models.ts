import type { Grants } from "#core/access/roles.ts";
import { seenNames } from "#core/access/seen-names.ts";
import { keyOf, type Page, type PageRequest, pageOf, pageSize } from "#core/database/paging.ts";
import type { Registry } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";
import { type LabelSelector, storable } from "./labels.ts";
import { type Model, selectModel } from "./model.ts";

export interface ModelSearch extends PageRequest {
  /** Part of the name or the title, case aside. */
  text?: string | undefined;
  labels?: readonly LabelSelector[];
  /** Of the caller: what it may not see is not there. */
  grants: Grants;
}

/** By name. */
export async function listModels({ db }: Pick<Registry, "db">, search: ModelSearch): Promise<Page<Model>> {
  const after = keyOf("models", search.cursor);
  if (search.text !== undefined && !storable(search.text)) return { items: [], nextCursor: null };
  const size = pageSize(search);
  const conditions = [
    Prisma.sql`m.deleted_at IS NULL`,
    seenNames(search.grants, Prisma.sql`m.name`),
    ...(after === null ? [] : [Prisma.sql`m.name > ${after}`]),
    ...(search.text === undefined ? [] : [containing(search.text)]),
    ...(search.labels ?? []).map((label) => labelled(Prisma.sql`m.labels`, label)),
  ];
  const rows = await db.$queryRaw<Model[]>`
    ${selectModel} WHERE ${Prisma.join(conditions, " AND ")} ORDER BY m.name LIMIT ${size + 1}`;
  return pageOf(
    "models",
    rows,
    size,
    (row) => row.name,
    (row) => row,
  );
}

function containing(text: string): Prisma.Sql {
  const pattern = `%${text.replace(/[\\%_]/g, "\\$&")}%`;
  return Prisma.sql`(m.name ILIKE ${pattern} OR m.title ILIKE ${pattern})`;
}

export function labelled(column: Prisma.Sql, { key, value }: LabelSelector): Prisma.Sql {
  return value === null
    ? Prisma.sql`${column} ? ${key}`
    : Prisma.sql`${column} @> ${JSON.stringify({ [key]: value })}::jsonb`;
}
