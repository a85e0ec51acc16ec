import { recordAudit } from "#core/audit/record-audit.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { isId, newId } from "#core/database/ids.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";
import type { TokenModel } from "#prisma/client/models.ts";
import type { Caller } from "./caller.ts";
import { asJson, readIdentity } from "./identities.ts";
import type { Network } from "./networks.ts";
import { nextRevision } from "./revision.ts";
import { allows, type Grant } from "./roles.ts";
import { hashOf, newToken, type Token } from "./token.ts";

/** A token as it is listed; its secret is not on record. */
export interface TokenRecord {
  id: string;
  identity: string;
  name: string;
  /** What it is narrowed to; null for all that its owner may. */
  grants: Grant[] | null;
  networks: Network[];
  createdAt: Date;
  createdBy: string;
  expiresAt: Date | null;
  /** Within a minute. */
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

export interface NewToken {
  name: string;
  grants?: readonly Grant[] | null | undefined;
  networks?: readonly Network[] | undefined;
  expiresAt?: Date | null | undefined;
}

/** What is shown once. */
export interface MadeToken {
  token: Token;
  record: TokenRecord;
}

/** For another, as an administrator, or for oneself, to end no later than the token that makes it; by a token that is not
 *  narrowed. Throws `identity_not_found`, `forbidden`. */
export async function createToken(
  { db }: Pick<Registry, "db">,
  { identity, ...input }: NewToken & { identity: string },
  caller: Caller,
  actor: Actor,
  remember: Remember<MadeToken> = forget,
): Promise<MadeToken> {
  if (caller.narrowed)
    throw new SlipwayError(
      "forbidden",
      "a token that is narrowed, by rights or networks, makes no tokens: use one that is not, or ask an administrator",
    );
  const own = identity === caller.name;
  const expiresAt = own ? withinLifeOf(caller, input.expiresAt ?? null) : (input.expiresAt ?? null);
  return db.$transaction(async (tx) => {
    const revision = await nextRevision(tx, actor, { administers: !own });
    const owner = await readIdentity({ db: tx }, identity);
    const groupGrants = own ? await groupGrantsOf(tx, caller) : null;
    const made = await insertToken(tx, { ...input, expiresAt, groupGrants, identity: owner, revision }, actor);
    await remember(tx, made);
    return made;
  });
}

function withinLifeOf(caller: Caller, wanted: Date | null): Date | null {
  if (caller.expiresAt === null || wanted === null) return wanted ?? caller.expiresAt;
  if (wanted <= caller.expiresAt) return wanted;
  throw new SlipwayError(
    "forbidden",
    `a token makes none that outlives it: name an expiresAt up to ${caller.expiresAt.toISOString()}, or ask an administrator`,
  );
}

/** What a sign-in gave beside the owner's grants goes on in the tokens that are made with its token. */
async function groupGrantsOf(tx: Transaction, { tokenId }: Caller): Promise<Grant[] | null> {
  if (tokenId === null) return null;
  const { groupGrants } = await tx.token.findUniqueOrThrow({ where: { id: tokenId } });
  return groupGrants as unknown as Grant[] | null;
}

interface TokenInput extends NewToken {
  identity: { id: string; name: string };
  /** What it may beside its owner's grants, by groups; null where it does not come of a sign-in. */
  groupGrants?: readonly Grant[] | null;
  revision: bigint;
}

/** A token's row and its audit, in a transaction that has taken the revision. */
export async function insertToken(tx: Transaction, input: TokenInput, actor: Actor): Promise<MadeToken> {
  const made = await insertTokenRow(tx, input, actor);
  const { id, name, grants, networks, expiresAt } = made.record;
  await recordAudit(tx, actor, {
    action: "token.create",
    object: `${input.identity.name}/${name}`,
    objectId: id,
    model: null,
    after: {
      grants: grants === null ? null : asJson(grants),
      networks,
      expiresAt: expiresAt?.toISOString() ?? null,
    },
  });
  return made;
}

/** The row alone; `source` of one that is given to a pipeline's run. The audit is the caller's. */
export async function insertTokenRow(
  tx: Transaction,
  {
    identity,
    name,
    grants = null,
    networks = [],
    expiresAt = null,
    groupGrants = null,
    source = null,
    revision,
  }: TokenInput & { source?: object | null },
  actor: Actor,
): Promise<MadeToken> {
  const token = newToken("token");
  const row = await tx.token.create({
    data: {
      id: newId(),
      identityId: identity.id,
      name,
      hash: hashOf(token),
      grants: grants === null ? Prisma.DbNull : asJson(grants),
      networks: [...networks],
      expiresAt,
      groupGrants: groupGrants === null ? Prisma.DbNull : asJson(groupGrants),
      source: source === null ? Prisma.DbNull : { ...source },
      createdBy: actor.name,
      revision,
    },
  });
  return { token, record: recordOf(row, identity.name) };
}

const mostListed = 1_000;

/** An identity's, the newest first; to its own narrowed token, that one alone. Throws `identity_not_found`. */
export async function listTokens({ db }: Pick<Registry, "db">, owner: string, caller: Caller): Promise<TokenRecord[]> {
  const { id } = await readIdentity({ db }, owner);
  const rows = await db.token.findMany({
    where: { identityId: id, ...(seesItselfAlone(caller) ? { id: String(caller.tokenId) } : {}) },
    orderBy: { id: "desc" },
    take: mostListed,
  });
  return rows.map((row) => recordOf(row, owner));
}

/** One that leaked must not lock its owner out. */
function seesItselfAlone({ narrowed, grants }: Caller): boolean {
  return narrowed && !allows(grants, { right: "administer", model: null });
}

/** Null where it is not there. */
export async function readToken(db: Database, id: string): Promise<TokenRecord | null> {
  const row = await db.token.findUnique({ where: { id }, include: { identity: true } });
  return row === null ? null : recordOf(row, row.identity.name);
}

/** For good, and everywhere within a second; twice is no error. Throws `token_not_found`, `forbidden`. */
export async function revokeToken(
  { db }: Pick<Registry, "db">,
  { identity, id }: { identity: string; id: string },
  caller: Caller,
  actor: Actor,
): Promise<void> {
  if (seesItselfAlone(caller) && id !== caller.tokenId)
    throw new SlipwayError("forbidden", "a token that is narrowed, by rights or networks, revokes itself alone");
  await db.$transaction(async (tx) => {
    const revision = await nextRevision(tx, actor, { administers: identity !== caller.name });
    const row = isId(id) ? await tx.token.findFirst({ where: { id, identity: { name: identity } } }) : null;
    if (row === null)
      throw new SlipwayError("token_not_found", `${identity.slice(0, 100)} has no token "${id.slice(0, 100)}"`);
    if (row.revokedAt !== null) return;
    await tx.token.update({ where: { id }, data: { revokedAt: new Date(), revision } });
    await recordAudit(tx, actor, {
      action: "token.revoke",
      object: `${identity}/${row.name}`,
      objectId: id,
      model: null,
    });
  });
}

function recordOf(
  {
    hash: _hash,
    identityId: _owner,
    revision: _revision,
    source: _source,
    groupGrants: _beside,
    grants,
    networks,
    ...row
  }: TokenModel,
  identity: string,
): TokenRecord {
  return { ...row, identity, grants: grants as unknown as Grant[] | null, networks: networks as Network[] };
}
