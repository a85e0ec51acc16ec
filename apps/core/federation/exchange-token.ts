import { readIdentity } from "#core/access/identities.ts";
import { nextRevision } from "#core/access/revision.ts";
import { hashOf } from "#core/access/token.ts";
import { insertTokenRow, type MadeToken } from "#core/access/tokens.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import { violatedConstraint } from "#core/database/faults.ts";
import { SlipwayError } from "#core/errors.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";
import { type Claims, readIdToken, tokenRefused } from "./id-token.ts";
import type { IssuerKeys } from "./issuer-keys.ts";
import { whyNoIssuer } from "./issuer-url.ts";
import { isOfSameRepository, mismatches } from "./match-claims.ts";
import { sourceOf } from "./providers.ts";
import { listPublishers, type Publisher } from "./publishers.ts";
import type { VersionSource } from "./source.ts";
import { isForRule, type VerifiedToken, verifyToken } from "./verify-token.ts";

export interface Exchanged extends MadeToken {
  publisher: Publisher;
  source: VersionSource;
}

type Needs = Pick<Registry, "db" | "config"> & { keys: IssuerKeys };

/** A token of ours for one of an issuer that a rule names; each is exchanged once. What the token says decides on nothing
 *  before its signature is known, but for which issuer's rules are looked at: an issuer that no rule names is never called.
 *  Throws `id_token_refused`, `publisher_refused`, whose causes are for the audit, and `issuer_unavailable`. */
export async function exchangeToken(
  { db, config, keys }: Needs,
  { token, rule }: { token: string; rule: string | null },
  from: Pick<Actor, "requestId" | "address">,
): Promise<Exchanged> {
  const unverified = readIdToken(token);
  const { iss } = unverified.claims;
  const rules = typeof iss === "string" && whyNoIssuer(iss) === null ? await listPublishers({ db }, iss) : [];
  if (typeof iss !== "string" || rules.length === 0) throw tokenRefused("no rule names its issuer (iss)");
  const verified = await verifyToken(keys, unverified, iss);
  const forUs = rules.filter(({ audience }) => isForRule(verified.claims, audience, config.federation.publicUrl));
  if (forUs.length === 0) throw tokenRefused("it is for another audience (aud), or for several");
  const publisher = theOne(forUs, rule, verified.claims);
  const source = sourceOf(publisher, verified.claims);
  const actor: Actor = { name: publisher.identity, tokenId: null, ...from };
  return db
    .$transaction(async (tx) => {
      const revision = await nextRevision(tx, actor, { administers: false });
      await requireUnchanged(tx, publisher);
      await exchangeOnce(tx, publisher, verified);
      const identity = await readIdentity({ db: tx }, publisher.identity);
      await forgetOldTokens(tx, identity.id);
      const made = await insertTokenRow(
        tx,
        {
          identity,
          name: nameOf(source),
          grants: publisher.grants,
          expiresAt: new Date(Date.now() + publisher.tokenSeconds * 1_000),
          source,
          revision,
        },
        actor,
      );
      const { id, name, expiresAt } = made.record;
      await recordAudit(tx, actor, {
        action: "token.exchange",
        object: `${publisher.identity}/${name}`,
        objectId: id,
        model: null,
        after: { ...source, expiresAt: expiresAt?.toISOString() ?? null },
      });
      return { ...made, publisher, source };
    })
    .catch((error: unknown) => {
      throw violatedConstraint(error) === "exchanged_tokens_pkey"
        ? tokenRefused("it was exchanged before (jti): ask the pipeline for another")
        : error;
    });
}

/** The one rule that the claims match. A rule is told of to those whose repository it names, or who name it. */
function theOne(rules: readonly Publisher[], wanted: string | null, claims: Claims): Publisher {
  const asked = wanted === null ? rules : rules.filter(({ name }) => name === wanted);
  const matched = asked.filter((rule) => mismatches(rule, claims).length === 0);
  const [first, second] = matched;
  if (first !== undefined && second === undefined) return first;
  const names = (some: readonly Publisher[]) => some.map(({ name }) => `"${name}"`).join(" and ");
  if (first !== undefined)
    throw new SlipwayError("publisher_refused", `the rules ${names(matched)} both match: say which, as rule`);
  const sentence = (some: readonly Publisher[]) =>
    some.map((rule) => `the rule "${rule.name}" wants another ${mismatches(rule, claims).join(", ")}`).join("; ");
  const told = wanted === null ? asked.filter((rule) => isOfSameRepository(rule, claims)) : asked;
  const otherwise =
    wanted === null ? "no rule is for what it says of itself" : "no rule of that name is for its issuer and audience";
  const cause = new Error(`${sentence(asked) || otherwise}; the token is of ${String(claims["sub"])}`);
  throw new SlipwayError("publisher_refused", `the token is not exchanged: ${sentence(told) || otherwise}`, { cause });
}

/** Under the revision: a rule that was changed or deleted since it was read gives nothing any more. */
async function requireUnchanged(tx: Transaction, { name, issuer, changedAt }: Publisher): Promise<void> {
  const now = (await listPublishers({ db: tx }, issuer)).find((rule) => rule.name === name);
  if (now?.changedAt.getTime() !== changedAt.getTime())
    throw new SlipwayError("publisher_refused", `the rule "${name}" was changed at this moment: try again`);
}

/** Of two at once the second finds the row of the first. */
async function exchangeOnce(tx: Transaction, { issuer }: Publisher, { jti, until }: VerifiedToken): Promise<void> {
  await tx.exchangedToken.deleteMany({ where: { expiresAt: { lt: new Date() } } });
  await tx.exchangedToken.create({ data: { issuer, jtiHash: hashOf(jti), expiresAt: until } });
}

/** Longer than drafts live, whose source they tell of (source.ts). */
const keptMs = 100 * 86_400_000;

/** A run has one each time, and they are good for an hour at most. */
async function forgetOldTokens(tx: Transaction, identityId: string): Promise<void> {
  const before = new Date(Date.now() - keptMs);
  await tx.token.deleteMany({ where: { identityId, source: { not: Prisma.AnyNull }, expiresAt: { lt: before } } });
}

function nameOf({ repository, subject, runId }: VersionSource): string {
  return `${repository ?? subject ?? "a pipeline"}${runId === null ? "" : ` run ${runId}`}`.slice(0, 200);
}
