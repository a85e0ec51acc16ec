import type { Grants } from "#core/access/roles.ts";
import { seenNames } from "#core/access/seen-names.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { isId } from "#core/database/ids.ts";
import { invalidCursor, keyOf, type Page, type PageRequest, pageOf, pageSize } from "#core/database/paging.ts";
import { SlipwayError } from "#core/errors.ts";
import type { GivenApproval } from "#core/policies/judge.ts";
import type { Verdict } from "#core/policies/verdict.ts";
import type { Registry } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";

/** The kind of work that looks at a promotion that waits; its subject is the promotion. */
export const promotionWork = "promotion";

/** `applying`: the tag has moved, and an image registry does not have it yet. What waits, or is to come, ends in one of the
 *  last four. */
export const promotionStatuses = ["waiting", "applying", "done", "refused", "cancelled", "failed"] as const;
export type PromotionStatus = (typeof promotionStatuses)[number];

/** A move of a tag that somebody has asked for, and what came of it. */
export interface Promotion {
  id: string;
  model: string;
  tag: string;
  version: string;
  imageDigest: string;
  /** The version that had the tag when it was asked for; null where it was nowhere. */
  from: string | null;
  status: PromotionStatus;
  reason: string;
  requestedAt: Date;
  requestedBy: string;
  notBefore: Date | null;
  waitsUntil: Date | null;
  breaksSignature: boolean;
  forced: boolean;
  /** It was asked for as one. */
  rollback: boolean;
  /** Of each rule that holds for the tag, as last looked at; of what has ended, those that it ended by. */
  verdicts: Verdict[];
  approvals: GivenApproval[];
  /** Of the tag, that it has made. */
  revision: number | null;
  /** Why it ended without a move, in one line. */
  explanation: string | null;
  endedBy: string | null;
  endedAt: Date | null;
}

/** Approvals of promotion `p`, the first one first. */
export const approvalsOf = Prisma.sql`
  (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'approver', a.approver, 'decision', a.decision, 'roles', a.roles, 'imageDigest', a.image_digest,
            'policies', a.policies, 'comment', a.comment, 'at', a.at) ORDER BY a.at, a.approver), '[]')
   FROM approvals a WHERE a.promotion_id = p.id)`;

const isBehind = Prisma.sql`
  EXISTS (SELECT 1 FROM tags t JOIN tag_syncs s ON s.model_id = t.model_id AND s.tag = t.name
          WHERE t.model_id = p.model_id AND t.name = p.tag AND t.revision = p.revision AND s.status = 'pending')`;
const statusOf = Prisma.sql`
  CASE WHEN p.status <> 'moved' THEN p.status WHEN ${isBehind} THEN 'applying' ELSE 'done' END`;

/** The same as a condition that an index serves. */
function hasStatus(status: PromotionStatus): Prisma.Sql {
  if (status === "applying") return Prisma.sql`p.status = 'moved' AND ${isBehind}`;
  if (status === "done") return Prisma.sql`p.status = 'moved' AND NOT ${isBehind}`;
  return status === "waiting" ? Prisma.sql`p.status = 'waiting'` : Prisma.sql`p.status = ${status}`;
}

const selectPromotions = Prisma.sql`
  SELECT p.id, m.name AS model, p.tag, p.version, p.image_digest AS "imageDigest", p.from_version AS "from",
         ${statusOf} AS status, p.reason, p.requested_at AS "requestedAt", p.requested_by AS "requestedBy",
         p.not_before AS "notBefore", p.waits_until AS "waitsUntil", p.breaks_signature AS "breaksSignature", p.forced, p.rollback,
         p.verdicts, ${approvalsOf} AS approvals, p.revision, p.explanation, p.ended_by AS "endedBy", p.ended_at AS "endedAt"
  FROM promotions p JOIN models m ON m.id = p.model_id`;

/** Throws `promotion_not_found`. */
export async function readPromotion({ db }: { db: Database | Transaction }, id: string): Promise<Promotion> {
  if (!isId(id)) throw promotionNotFound(id);
  const [row] = await db.$queryRaw<Promotion[]>`${selectPromotions} WHERE p.id = ${id}::uuid`;
  if (row === undefined) throw promotionNotFound(id);
  return withTimes(row);
}

export interface PromotionSearch extends PageRequest {
  model?: string | undefined;
  tag?: string | undefined;
  status?: PromotionStatus | undefined;
  /** Of the caller: what it may not see is not there. */
  grants: Grants;
}

/** The latest first; also of models that were deleted, by the names that they had. */
export async function listPromotions(
  { db }: Pick<Registry, "db">,
  { model, tag, status, grants, ...page }: PromotionSearch,
): Promise<Page<Promotion>> {
  const list = "promotions";
  const before = keyOf(list, page.cursor);
  if (before !== null && !isId(before)) throw invalidCursor();
  const size = pageSize(page);
  const conditions = [
    seenNames(grants, Prisma.sql`m.name`),
    ...(model === undefined ? [] : [Prisma.sql`m.name = ${model}`]),
    ...(tag === undefined ? [] : [Prisma.sql`p.tag = ${tag}`]),
    ...(status === undefined ? [] : [hasStatus(status)]),
    ...(before === null ? [] : [Prisma.sql`p.id < ${before}::uuid`]),
  ];
  const rows = await db.$queryRaw<Promotion[]>`
    ${selectPromotions} WHERE ${Prisma.join(conditions, " AND ")} ORDER BY p.id DESC LIMIT ${size + 1}`;
  return pageOf(
    list,
    rows,
    size,
    ({ id }) => id,
    (row) => withTimes(row),
  );
}

/** What it is about; null where there is no such promotion, which takes as long to say. */
export async function subjectOfPromotion(
  { db }: { db: Database },
  id: string,
): Promise<{ model: string; tag: string } | null> {
  const [row] = await db.$queryRaw<[{ model: string | null; tag: string }]>`
    SELECT m.name AS model, p.tag FROM (SELECT ${id}::uuid AS id) asked
    LEFT JOIN promotions p ON p.id = asked.id LEFT JOIN models m ON m.id = p.model_id`;
  return row.model === null ? null : { model: row.model, tag: row.tag };
}

export function promotionNotFound(id: string): SlipwayError {
  return new SlipwayError("promotion_not_found", `there is no promotion "${id.slice(0, 100)}"`);
}

/** Times inside JSON are texts. */
export function withTimes<T extends Pick<Promotion, "approvals">>(row: T): T {
  return { ...row, approvals: row.approvals.map((each) => ({ ...each, at: new Date(each.at) })) };
}
