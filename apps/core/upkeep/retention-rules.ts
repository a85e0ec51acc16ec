import { matches, type NamePattern } from "#core/access/name-pattern.ts";
import { type Grants, seesAll } from "#core/access/roles.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import type { Actor, Registry } from "#core/registry.ts";

/** What keeps an image in its registry, besides the tags that point at it. Null keeps none; one of both is set. */
export interface Keeping {
  keepLast: number | null;
  keepDays: number | null;
  /** How long an image stays that a tag has left: what a rollback goes to. */
  afterTagDays: number;
}

/** For the models of a pattern. */
export interface RetentionRule extends Keeping {
  pattern: NamePattern;
  changedAt: Date;
  changedBy: string;
}

/** By pattern: those whose models the caller may see, all of them. */
export async function listRules({ db }: Pick<Registry, "db">, grants: Grants): Promise<RetentionRule[]> {
  return (await readRules(db)).filter(({ pattern }) => seesAll(grants, pattern));
}

export async function readRules(db: Database | Transaction): Promise<RetentionRule[]> {
  const rows = await db.retentionRule.findMany({ orderBy: { pattern: "asc" } });
  return rows.map((row) => ({ ...row, pattern: row.pattern as NamePattern }));
}

/** The rule for a model: that whose pattern says most of its name; null where there is none, and all images stay. */
export async function ruleOf(db: Database | Transaction, model: string): Promise<RetentionRule | null> {
  return closestRule(await readRules(db), model);
}

export function closestRule(rules: readonly RetentionRule[], model: string): RetentionRule | null {
  const [closest] = rules
    .filter(({ pattern }) => matches(pattern, model))
    .sort((a, b) => closeness(b.pattern) - closeness(a.pattern));
  return closest ?? null;
}

/** A whole name says more than any group that it is in. */
function closeness(pattern: NamePattern): number {
  return pattern.endsWith("*") ? pattern.length : Number.MAX_SAFE_INTEGER;
}

/** Replaces the rule of a pattern; workers go by it from their next round on. Throws `invalid_request` for one that would keep
 *  nothing. */
export async function setRule(
  { db }: Pick<Registry, "db">,
  pattern: NamePattern,
  keeping: Keeping,
  actor: Actor,
): Promise<{ rule: RetentionRule; made: boolean }> {
  requireKeeping(keeping);
  return db.$transaction(async (tx) => {
    const inserted = await tx.$executeRaw`
      INSERT INTO retention_rules (pattern, after_tag_days, changed_by) VALUES (${pattern}, 0, ${actor.name})
      ON CONFLICT (pattern) DO NOTHING`;
    const before = await lockRule(tx, pattern);
    const row = await tx.retentionRule.update({
      where: { pattern },
      data: { ...keeping, changedAt: new Date(), changedBy: actor.name },
    });
    const made = inserted === 1;
    await recordAudit(tx, actor, {
      action: "retention.set",
      object: pattern,
      objectId: pattern,
      model: null,
      ...(made || before === null ? {} : { before: { ...before } }),
      after: { ...keeping },
    });
    return { rule: { ...row, pattern }, made };
  });
}

/** Throws `rule_not_found`. */
export async function deleteRule({ db }: Pick<Registry, "db">, pattern: NamePattern, actor: Actor): Promise<void> {
  await db.$transaction(async (tx) => {
    const before = await lockRule(tx, pattern);
    if (before === null) throw new SlipwayError("rule_not_found", `there is no retention rule of ${pattern}`);
    await tx.retentionRule.delete({ where: { pattern } });
    await recordAudit(tx, actor, {
      action: "retention.delete",
      object: pattern,
      objectId: pattern,
      model: null,
      before: { ...before },
    });
  });
}

export function requireKeeping({ keepLast, keepDays }: Keeping): void {
  if (keepLast === null && keepDays === null)
    throw new SlipwayError("invalid_request", "a retention rule keeps something: give keepLast, keepDays, or both");
}

async function lockRule(tx: Transaction, pattern: NamePattern): Promise<Keeping | null> {
  const [rule] = await tx.$queryRaw<Keeping[]>`
    SELECT keep_last AS "keepLast", keep_days AS "keepDays", after_tag_days AS "afterTagDays"
    FROM retention_rules WHERE pattern = ${pattern} FOR UPDATE`;
  return rule ?? null;
}
