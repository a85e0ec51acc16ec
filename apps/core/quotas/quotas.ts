import type { NamePattern } from "#core/access/name-pattern.ts";
import { type Grants, seesAll } from "#core/access/roles.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";
import { type Measure, measures, useOf } from "./use.ts";

/** Null for any amount. Those of one file and of one version have no use that adds up. */
export type Limits = Record<Measure | "fileBytes" | "filesPerVersion", number | null>;

/** What the models of a pattern may take up together, and do. */
export interface Quota {
  pattern: NamePattern;
  limits: Limits;
  used: Record<Measure, number>;
  changedAt: Date;
  changedBy: string;
}

/** By pattern: those whose models the caller may see, all of them. The use of others would tell of models that it may
 *  not see. */
export async function listQuotas({ db }: Pick<Registry, "db">, grants: Grants): Promise<Quota[]> {
  const rows = await db.quota.findMany({ select: { pattern: true } });
  const seen = rows.map(({ pattern }) => pattern as NamePattern).filter((pattern) => seesAll(grants, pattern));
  return readQuotas(db, seen);
}

async function readQuotas(db: Database | Transaction, patterns: readonly NamePattern[]): Promise<Quota[]> {
  const uses = measures.map((measure) => Prisma.sql`${measure}::text, ${useOf[measure]}`);
  const rows = await db.$queryRaw<({ limits: Limits } & Omit<Quota, "limits">)[]>`
    SELECT q.pattern, q.changed_at AS "changedAt", q.changed_by AS "changedBy",
           jsonb_build_object('models', q.models, 'versions', q.versions, 'sizeBytes', q.size_bytes,
                              'buildsAtOnce', q.builds_at_once, 'fileBytes', q.file_bytes,
                              'filesPerVersion', q.files_per_version) AS limits,
           jsonb_build_object(${Prisma.join(uses)}) AS used
    FROM quotas q WHERE q.pattern = ANY (${patterns}) ORDER BY q.pattern`;
  return rows;
}

/** Replaces all limits of a pattern. A limit below the use takes nothing away; it refuses more. */
export async function setQuota(
  { db }: Pick<Registry, "db">,
  pattern: NamePattern,
  limits: Limits,
  actor: Actor,
): Promise<{ quota: Quota; made: boolean }> {
  return db.$transaction(async (tx) => {
    const inserted = await tx.$executeRaw`
      INSERT INTO quotas (pattern, changed_by) VALUES (${pattern}, ${actor.name}) ON CONFLICT (pattern) DO NOTHING`;
    await tx.$queryRaw`SELECT 1 FROM quotas WHERE pattern = ${pattern} FOR UPDATE`;
    const [before] = await readQuotas(tx, [pattern]);
    await tx.quota.update({ where: { pattern }, data: { ...limits, changedAt: new Date(), changedBy: actor.name } });
    const made = inserted === 1;
    await recordAudit(tx, actor, {
      action: "quota.set",
      object: pattern,
      objectId: pattern,
      model: null,
      ...(made || before === undefined ? {} : { before: { ...before.limits } }),
      after: { ...limits },
    });
    const [quota] = await readQuotas(tx, [pattern]);
    if (quota === undefined) throw new Error(`the quota of ${pattern}, just written, was not found`);
    return { quota, made };
  });
}

/** Throws `quota_not_found`. */
export async function deleteQuota({ db }: Pick<Registry, "db">, pattern: NamePattern, actor: Actor): Promise<void> {
  await db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM quotas WHERE pattern = ${pattern} FOR UPDATE`;
    const [before] = await readQuotas(tx, [pattern]);
    if (before === undefined) throw new SlipwayError("quota_not_found", `there is no quota of ${pattern}`);
    await tx.quota.delete({ where: { pattern } });
    await recordAudit(tx, actor, {
      action: "quota.delete",
      object: pattern,
      objectId: pattern,
      model: null,
      before: { ...before.limits },
    });
  });
}
