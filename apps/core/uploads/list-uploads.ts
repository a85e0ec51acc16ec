import { isId } from "#core/database/ids.ts";
import { invalidCursor, keyOf, type Page, type PageRequest, pageOf, pageSize } from "#core/database/paging.ts";
import { findVersion } from "#core/models/version.ts";
import type { Registry } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";
import { selectUpload, type Upload } from "./upload.ts";

/** Those of a version that are in progress, and those that have failed, the oldest first. Throws `version_not_found`. */
export async function listUploads(
  { db }: Pick<Registry, "db">,
  { model, version, ...page }: { model: string; version: string } & PageRequest,
): Promise<Page<Upload>> {
  const after = keyOf("uploads", page.cursor);
  if (after !== null && !isId(after)) throw invalidCursor();
  const size = pageSize(page);
  const { id } = await findVersion(db, model, version);
  const rows = await db.$queryRaw<Upload[]>`
    ${selectUpload}
    WHERE u.version_id = ${id}::uuid AND u.state IN ('open', 'verifying', 'failed')
      ${after === null ? Prisma.empty : Prisma.sql`AND u.id > ${after}::uuid`}
    ORDER BY u.id LIMIT ${size + 1}`;
  return pageOf(
    "uploads",
    rows,
    size,
    (row) => row.id,
    (row) => row,
  );
}
