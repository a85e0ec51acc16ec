import canonicalize from "canonicalize";
import { asJson, insertIdentity, orIdentityExists, publisherPrefix } from "#core/access/identities.ts";
import { nextRevision } from "#core/access/revision.ts";
import type { Grant } from "#core/access/roles.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import type { Actor, Registry } from "#core/registry.ts";
import type { Prisma } from "#prisma/client/client.ts";
import type { TrustedPublisherModel } from "#prisma/client/models.ts";
import type { Provider } from "./providers.ts";
import { checkRule, type PublisherRule } from "./publisher-rule.ts";

/** A rule by its name, and the service account that acts for what it lets in. */
export interface Publisher extends PublisherRule {
  name: string;
  identity: string;
  changedAt: Date;
  changedBy: string;
}

type Needs = Pick<Registry, "db" | "config">;

/** Makes a rule or replaces it whole. Another rule than before ends the tokens that it gave, within a second. Throws
 *  `publisher_invalid`, `identity_exists`. */
export async function setPublisher(
  { db, config }: Needs,
  name: string,
  rule: PublisherRule,
  actor: Actor,
): Promise<{ publisher: Publisher; made: boolean }> {
  checkRule(rule, config.federation.publicUrl);
  const identity = `${publisherPrefix}${name}`;
  return orIdentityExists(identity, () =>
    db.$transaction(async (tx) => {
      const revision = await nextRevision(tx, actor, { administers: true });
      const row = await tx.trustedPublisher.findUnique({ where: { name } });
      const before = row === null || row.deletedAt !== null ? null : publisherOf(row);
      const { grants, claims, disabled, ...columns } = rule;
      const said = { ...columns, claims, grants: asJson(grants), disabledAt: disabled ? new Date() : null };
      const changed = { changedAt: new Date(), changedBy: actor.name, deletedAt: null };
      if (row === null) {
        const made = { name: identity, kind: "service", title: `Pipelines of ${name}`, grants, revision } as const;
        const { id } = await insertIdentity(tx, made, actor);
        await tx.trustedPublisher.create({ data: { name, identityId: id, ...said, ...changed } });
      } else {
        const { identityId } = row;
        if (before === null || !isSame(before, rule)) await endTokens(tx, identityId, revision);
        await tx.identity.update({
          where: { id: identityId },
          data: { grants: asJson(grants), disabledAt: null, revision },
        });
        await tx.trustedPublisher.update({ where: { name }, data: { ...said, ...changed } });
      }
      const publisher = await readPublisher({ db: tx }, name);
      await recordAudit(tx, actor, {
        ...audited(publisher),
        action: "publisher.set",
        ...(before === null ? {} : { before: described(before) }),
        after: described(publisher),
      });
      return { publisher, made: before === null };
    }),
  );
}

/** Its tokens end within a second, and its identity may do nothing. Throws `publisher_not_found`. */
export async function deletePublisher({ db }: Pick<Needs, "db">, name: string, actor: Actor): Promise<void> {
  await db.$transaction(async (tx) => {
    const revision = await nextRevision(tx, actor, { administers: true });
    const publisher = await readPublisher({ db: tx }, name);
    const { identityId } = await tx.trustedPublisher.update({ where: { name }, data: { deletedAt: new Date() } });
    await endTokens(tx, identityId, revision);
    await tx.identity.update({ where: { id: identityId }, data: { disabledAt: new Date(), revision } });
    await recordAudit(tx, actor, { ...audited(publisher), action: "publisher.delete", before: described(publisher) });
  });
}

/** Throws `publisher_not_found`. */
export async function readPublisher({ db }: { db: Database | Transaction }, name: string): Promise<Publisher> {
  const row = await db.trustedPublisher.findFirst({ where: { name, deletedAt: null } });
  if (row === null)
    throw new SlipwayError("publisher_not_found", `there is no trusted publisher "${name.slice(0, 100)}"`);
  return publisherOf(row);
}

/** By name; `issuer` for those of one that let anybody in. */
export async function listPublishers(
  { db }: { db: Database | Transaction },
  issuer: string | null = null,
): Promise<Publisher[]> {
  const rows = await db.trustedPublisher.findMany({
    where: {
      deletedAt: null,
      ...(issuer === null ? {} : { issuer, disabledAt: null, identity: { disabledAt: null } }),
    },
    orderBy: { name: "asc" },
  });
  return rows.map(publisherOf);
}

async function endTokens(tx: Transaction, identityId: string, revision: bigint): Promise<void> {
  const ended = { revokedAt: new Date(), revision };
  await tx.token.updateMany({ where: { identityId, revokedAt: null, expiresAt: { gt: new Date() } }, data: ended });
}

function isSame(before: Publisher, rule: PublisherRule): boolean {
  const saidOf = ({ provider, issuer, audience, claims, grants, tokenSeconds, disabled }: PublisherRule) =>
    canonicalize([provider, issuer, audience, claims, grants, tokenSeconds, disabled]);
  return saidOf(before) === saidOf(rule);
}

function publisherOf({ provider, claims, grants, disabledAt, ...row }: TrustedPublisherModel): Publisher {
  const { name, issuer, audience, tokenSeconds, changedAt, changedBy } = row;
  return {
    name,
    identity: `${publisherPrefix}${name}`,
    provider: provider as Provider,
    issuer,
    audience,
    claims: claims as PublisherRule["claims"],
    grants: grants as unknown as Grant[],
    tokenSeconds,
    disabled: disabledAt !== null,
    changedAt,
    changedBy,
  };
}

function audited({ name }: Publisher) {
  return { object: name, objectId: name, model: null };
}

function described({
  name: _,
  identity: __,
  changedAt: ___,
  changedBy: ____,
  grants,
  ...rule
}: Publisher): Prisma.InputJsonObject {
  return { ...rule, grants: asJson(grants) };
}
