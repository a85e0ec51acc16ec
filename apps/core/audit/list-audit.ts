import type { Database } from "#core/database/client.ts";
import { isId, lowestIdAt } from "#core/database/ids.ts";
import { invalidCursor, keyOf, type Page, type PageRequest, pageOf, pageSize } from "#core/database/paging.ts";
import { Prisma } from "#prisma/client/client.ts";
import { auditedActions } from "./audited-values.ts";

/** One change: who did what to what, and what it was before and after. */
export interface AuditEntry {
  id: string;
  at: Date;
  actor: string;
  action: string;
  object: string;
  /** Whose it was, by its name then; null for what is no model's. */
  model: string | null;
  before: Prisma.JsonValue;
  after: Prisma.JsonValue;
  requestId: string | null;
  address: string | null;
  tokenId: string | null;
}

export interface AuditSearch extends PageRequest {
  actor?: string | undefined;
  /** One action, or the beginning of several: `tag.` */
  action?: string | undefined;
  /** The first moment that counts, and the first that no longer does. */
  from?: Date | undefined;
  to?: Date | undefined;
}

/** Whose rows are shown: of some models, of all models, or of everything there is. */
export type AuditScope = { models: readonly string[] } | "all models" | "everything";

const list = "audit";

/** The latest first. */
export async function listAudit(
  { db }: { db: Database },
  search: AuditSearch & { scope: AuditScope },
): Promise<Page<AuditEntry>> {
  const before = keyOf(list, search.cursor);
  if (before !== null && !isId(before)) throw invalidCursor();
  const { scope, from, to } = search;
  const size = pageSize(search);
  const conditions = [
    ...(scope === "all models" ? [Prisma.sql`a.model IS NOT NULL`] : []),
    ...(before === null ? [] : [Prisma.sql`a.id < ${before}::uuid`]),
    ...(from === undefined ? [] : [Prisma.sql`a.id >= ${lowestIdAt(from)}::uuid`]),
    ...(to === undefined ? [] : [Prisma.sql`a.id < ${lowestIdAt(to)}::uuid`]),
  ];
  const rows = await db.$queryRaw<AuditEntry[]>`
    SELECT a.id, a.at, a.actor, a.action, a.object, a.model, a.before, a.after, a.request_id AS "requestId", a.address,
           a.token_id AS "tokenId"
    FROM audit a JOIN (${await latestIds(db, search, conditions, size + 1)}) latest USING (id)
    ORDER BY a.id DESC`;
  return pageOf(
    list,
    rows,
    size,
    ({ id }) => id,
    (row) => row,
  );
}

/** By one index, whatever else the rows hold: a filter on all of them would read what others did since, however much
 *  that is. */
async function latestIds(
  db: Database,
  { scope, actor, action }: Parameters<typeof listAudit>[1],
  conditions: readonly Prisma.Sql[],
  limit: number,
): Promise<Prisma.Sql> {
  const byActor = actor === undefined ? [] : [Prisma.sql`a.actor = ${actor}`];
  if (typeof scope === "object")
    return latestOfEach("model", scope.models, [...byActor, ...byAction(action), ...conditions], limit);
  if (action !== undefined) {
    const actions = isBeginning(action) ? await auditedActions(db, action) : [action];
    return latestOfEach("action", actions, [...byActor, ...conditions], limit);
  }
  if (actor !== undefined) return latestOfEach("actor", [actor], conditions, limit);
  return Prisma.sql`SELECT a.id FROM audit a ${where(conditions)} ORDER BY a.id DESC LIMIT ${limit}`;
}

/** Of an equality the planner would think the order by `id` alone enough, and may look for a rare value among all rows. */
function latestOfEach(
  column: "model" | "actor" | "action",
  values: readonly string[],
  conditions: readonly Prisma.Sql[],
  limit: number,
): Prisma.Sql {
  const name = Prisma.raw(`a.${column}`);
  return Prisma.sql`
    SELECT latest.id FROM unnest(${values}::text[]) AS one (value) CROSS JOIN LATERAL (
      SELECT a.id FROM audit a ${where([Prisma.sql`${name} BETWEEN one.value AND one.value`, ...conditions])}
      ORDER BY ${name} DESC, a.id DESC LIMIT ${limit}) latest
    ORDER BY latest.id DESC LIMIT ${limit}`;
}

function byAction(action: string | undefined): Prisma.Sql[] {
  if (action === undefined) return [];
  return [isBeginning(action) ? Prisma.sql`starts_with(a.action, ${action})` : Prisma.sql`a.action = ${action}`];
}

function isBeginning(action: string): boolean {
  return action.endsWith(".");
}

function where(conditions: readonly Prisma.Sql[]): Prisma.Sql {
  return conditions.length === 0 ? Prisma.empty : Prisma.sql`WHERE ${Prisma.join([...conditions], " AND ")}`;
}
