import { keyOf, type Page, type PageRequest, pageOf, pageSize } from "#core/database/paging.ts";
import type { Registry } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";
import type { LabelSelector } from "./labels.ts";
import { labelled } from "./list-models.ts";
import { findModel } from "./model.ts";
import {
  type ImageStatus,
  type Version,
  type VersionStatus,
  versionColumns,
  versionJoins,
  versionStatus,
} from "./version.ts";

export interface VersionSearch extends PageRequest {
  model: string;
  status?: VersionStatus | undefined;
  /** Of its image. */
  image?: ImageStatus | undefined;
  labels?: readonly LabelSelector[];
  /** `asc`: 1.9.0 before 1.10.0, a pre-release before its release. */
  order: "asc" | "desc";
}

/** In the order of semver. Throws `model_not_found`. */
export async function listVersions({ db }: Pick<Registry, "db">, search: VersionSearch): Promise<Page<Version>> {
  const list = `versions ${search.order}`;
  const after = keyOf(list, search.cursor);
  const size = pageSize(search);
  const { id } = await findModel(db, search.model);
  const ascending = search.order === "asc";
  const conditions = [
    Prisma.sql`v.model_id = ${id}::uuid AND v.deleted_at IS NULL`,
    ...(after === null ? [] : [ascending ? Prisma.sql`v.semver_key > ${after}` : Prisma.sql`v.semver_key < ${after}`]),
    ...(search.status === undefined ? [] : [Prisma.sql`${versionStatus} = ${search.status}`]),
    ...(search.image === undefined ? [] : [Prisma.sql`i.status = ${search.image}`]),
    ...(search.labels ?? []).map((label) => labelled(Prisma.sql`v.labels`, label)),
  ];
  const rows = await db.$queryRaw<(Version & { semverKey: string })[]>`
    SELECT ${versionColumns}
    FROM versions v JOIN models m ON m.id = v.model_id
    ${versionJoins}
    WHERE ${Prisma.join(conditions, " AND ")}
    ORDER BY v.semver_key ${ascending ? Prisma.sql`ASC` : Prisma.sql`DESC`} LIMIT ${size + 1}`;
  return pageOf(
    list,
    rows,
    size,
    (row) => row.semverKey,
    (row) => row,
  );
}
