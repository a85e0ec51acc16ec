import type { Database, Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { Prisma } from "#prisma/client/client.ts";
import type { Labels } from "./labels.ts";

/** A model as it is read. */
export interface Model {
  id: string;
  name: string;
  title: string;
  description: string;
  labels: Labels;
  /** The highest release, pre-releases aside, that has an image in its registry. */
  latestVersion: string | null;
  /** Tag → version. */
  tags: Record<string, string>;
  createdAt: Date;
  createdBy: string;
}

/** Everything a model shows, in one statement; the caller adds `WHERE` and what follows. */
export const selectModel = Prisma.sql`
  SELECT m.id, m.name, m.title, m.description, m.labels, m.created_at AS "createdAt", m.created_by AS "createdBy",
    (SELECT v.semver FROM versions v JOIN images i ON i.id = v.image_id
     WHERE v.model_id = m.id AND i.status = 'present' AND v.archived_at IS NULL AND v.deleted_at IS NULL
       AND v.semver_key LIKE '%~'
     ORDER BY v.semver_key DESC LIMIT 1) AS "latestVersion",
    (SELECT coalesce(jsonb_object_agg(t.name, v.semver), '{}') FROM tags t JOIN versions v ON v.id = t.version_id
     WHERE t.model_id = m.id) AS tags
  FROM models m`;

/** Throws `model_not_found`. */
export async function readModel({ db }: { db: Database | Transaction }, name: string): Promise<Model> {
  const [model] = await db.$queryRaw<Model[]>`${selectModel} WHERE m.name = ${name} AND m.deleted_at IS NULL`;
  if (model === undefined) throw modelNotFound(name);
  return model;
}

export function modelNotFound(name: string): SlipwayError {
  return new SlipwayError("model_not_found", `there is no model "${name.slice(0, 200)}"`);
}

/** Holds a model's row for the rest of the transaction. Whoever moves its tags stands in line on it, and takes it before rows of
 *  its versions. */
export async function lockModel(tx: Transaction, id: string): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM models WHERE id = ${id}::uuid FOR UPDATE`;
}

/** The living model's row, locked for the rest of the transaction where `lock` says so. Throws `model_not_found`. */
export async function findModel(
  db: Database | Transaction,
  name: string,
  lock: "for update" | "no lock" = "no lock",
): Promise<{ id: string; name: string; repository: string }> {
  const [row] = await db.$queryRaw<{ id: string; name: string; repository: string }[]>`
    SELECT id, name, repository FROM models WHERE name = ${name} AND deleted_at IS NULL
    ${lock === "for update" ? Prisma.sql`FOR UPDATE` : Prisma.empty}`;
  if (row === undefined) throw modelNotFound(name);
  return row;
}
