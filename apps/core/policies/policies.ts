import { isDeepStrictEqual } from "node:util";
import { matches, type NamePattern } from "#core/access/name-pattern.ts";
import { type Grants, seesAll } from "#core/access/roles.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { newId } from "#core/database/ids.ts";
import { SlipwayError } from "#core/errors.ts";
import { holdRegistry } from "#core/images/registries/image-place.ts";
import { modelNotFound } from "#core/models/model.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";
import type { PolicyModel } from "#prisma/client/models.ts";
import type { Policy, PolicyRules } from "./policy.ts";

/** What a policy is for. */
export interface PolicyScope {
  models: NamePattern;
  /** A tag's name, or `*`. */
  tag: string;
}

/** Of those whose models the caller may see, all of them: by pattern and tag. */
export async function listPolicies({ db }: Pick<Registry, "db">, grants: Grants): Promise<Policy[]> {
  const rows = await db.policy.findMany({ where: { endedAt: null }, orderBy: [{ models: "asc" }, { tag: "asc" }] });
  return rows.map(policyOf).filter(({ models }) => seesAll(grants, models));
}

/** Every version, the latest first; none where the caller does not see all its models. */
export async function listPolicyVersions(
  { db }: Pick<Registry, "db">,
  { models, tag }: PolicyScope,
  grants: Grants,
): Promise<Policy[]> {
  if (!seesAll(grants, models)) return [];
  return (await db.policy.findMany({ where: { models, tag }, orderBy: { version: "desc" } })).map(policyOf);
}

/** Those that hold for a tag of a model, each in its newest version: all of them together. `PROD` is under the policy of
 *  `prod`: whoever reads them takes them for one. */
export async function policiesFor(
  db: Database | Transaction,
  { model, tag }: { model: string; tag: string },
): Promise<Policy[]> {
  const rows = await db.$queryRaw<Policy[]>`
    SELECT id, models, tag, version, rules, created_at AS "createdAt", created_by AS "createdBy", ended_at AS "endedAt"
    FROM policies WHERE ended_at IS NULL AND lower(tag) IN (lower(${tag}), '*') ORDER BY models, tag`;
  return rows.filter(({ models }) => matches(models, model));
}

/** Whether the policies for the tags of a model of one name are those for the tags of the other. */
export async function arePoliciesTheSame(tx: Transaction, one: string, other: string): Promise<boolean> {
  const rows = await tx.policy.findMany({ where: { endedAt: null }, select: { models: true } });
  return rows.every(({ models }) => matches(models as NamePattern, one) === matches(models as NamePattern, other));
}

/** Makes the next version of a policy, which holds from this transaction's commit on: moves that are under way are done, or see
 *  it. The rules that it has already make none. Throws `policy_invalid` where it copies to a registry that there is not. */
export async function setPolicy(
  { db }: Pick<Registry, "db">,
  scope: PolicyScope,
  rules: PolicyRules,
  actor: Actor,
): Promise<{ policy: Policy; made: boolean }> {
  return db.$transaction(async (tx) => {
    await holdPolicies(tx);
    await requireRegistries(tx, rules.copyTo);
    const before = await tx.policy.findFirst({ where: { ...scope }, orderBy: { version: "desc" } });
    const present = before === null || before.endedAt !== null ? null : before;
    if (present !== null && isDeepStrictEqual(present.rules, rules)) return { policy: policyOf(present), made: false };
    if (present !== null) await end(tx, present.id);
    const version = (before?.version ?? 0) + 1;
    const row = await tx.policy.create({
      data: { id: newId(), ...scope, version, rules: asJson(rules), createdBy: actor.name },
    });
    await recordAudit(tx, actor, {
      action: "policy.set",
      ...audited(scope, row.id),
      ...(present === null ? {} : { before: { version: present.version, rules: present.rules as Prisma.JsonObject } }),
      after: { version, rules: asJson(rules) },
    });
    return { policy: policyOf(row), made: present === null };
  });
}

/** Its versions stay on record. Throws `policy_not_found`. */
export async function endPolicy({ db }: Pick<Registry, "db">, scope: PolicyScope, actor: Actor): Promise<void> {
  await db.$transaction(async (tx) => {
    await holdPolicies(tx);
    const present = await tx.policy.findFirst({ where: { ...scope, endedAt: null } });
    if (present === null) throw policyNotFound(scope);
    await end(tx, present.id);
    await recordAudit(tx, actor, {
      action: "policy.delete",
      ...audited(scope, present.id),
      before: { version: present.version, rules: present.rules as Prisma.JsonObject },
    });
  });
}

/** Moves of tags hold it together, and whoever changes policies alone: no tag moves by a policy that has been changed. It is taken
 *  after the model's row: who waits for one keeps nobody from changing a policy, and so no other model from moving. */
export const movesHoldPolicies = Prisma.sql`pg_advisory_xact_lock_shared(hashtext('policies'))`;

/** The living model's id. Its row is locked for the rest of the transaction, and no policy changes until then. Throws
 *  `model_not_found`. */
export async function holdModel(tx: Transaction, name: string): Promise<string> {
  const [model] = await tx.$queryRaw<{ id: string }[]>`
    SELECT id, ${movesHoldPolicies}::text
    FROM (SELECT id FROM models WHERE name = ${name} AND deleted_at IS NULL FOR UPDATE) held`;
  if (model === undefined) throw modelNotFound(name);
  return model.id;
}

async function requireRegistries(tx: Transaction, names: readonly string[]): Promise<void> {
  for (const [index, name] of names.entries()) {
    if (await holdRegistry(tx, name)) continue;
    const message = `there is no registry ${name}: GET /v1/registries has those that there are`;
    throw new SlipwayError("policy_invalid", message, { faults: [{ where: `/copyTo/${index}`, message }] });
  }
}

async function holdPolicies(tx: Transaction): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('policies'))`;
}

async function end(tx: Transaction, id: string): Promise<void> {
  await tx.policy.update({ where: { id }, data: { endedAt: new Date() } });
}

function policyOf({ models, rules, ...row }: PolicyModel): Policy {
  return { ...row, models: models as NamePattern, rules: rules as unknown as PolicyRules };
}

function asJson(rules: PolicyRules): Prisma.InputJsonObject {
  return rules as unknown as Prisma.InputJsonObject;
}

function audited({ models, tag }: PolicyScope, id: string): { object: string; objectId: string; model: null } {
  return { object: `${models}/${tag}`, objectId: id, model: null };
}

function policyNotFound({ models, tag }: PolicyScope): SlipwayError {
  return new SlipwayError("policy_not_found", `there is no policy for ${models}/${tag.slice(0, 200)}`);
}
