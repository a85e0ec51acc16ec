import { recordAudit } from "#core/audit/record-audit.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { violatedConstraint } from "#core/database/faults.ts";
import { newId } from "#core/database/ids.ts";
import { keyOf, type Page, type PageRequest, pageOf, pageSize } from "#core/database/paging.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";
import type { IdentityModel } from "#prisma/client/models.ts";
import { administrator, anybody } from "./caller.ts";
import { nextRevision } from "./revision.ts";
import type { Grant } from "./roles.ts";

export const identityKinds = ["person", "service"] as const;
export type IdentityKind = (typeof identityKinds)[number];

/** A word, or an address of mail. */
export const identityNamePattern = "^[a-z0-9]+(?:[._@-][a-z0-9]+)*$";
export const identityNameLength = 128;

/** Names that stand for others than identities, in the audit and as keepers of Idempotency-Keys. */
const reserved = [anybody.name, administrator.name, "setup", "slipway"];

/** Of service accounts that act for pipelines; they are made with their rules (federation/publishers.ts). */
export const publisherPrefix = "publisher.";

/** Somebody who may do things. A disabled one may nothing, and keeps its name for good. */
export interface Identity {
  id: string;
  name: string;
  kind: IdentityKind;
  title: string;
  /** By hand. */
  grants: Grant[];
  disabled: boolean;
  createdAt: Date;
  createdBy: string;
  signIn: SignInAccount | null;
}

/** What a person signs in with at a provider. Never its address of mail, which others are given later. */
export interface AccountKey {
  issuer: string;
  subject: string;
}

export interface SignInAccount extends AccountKey {
  /** Beside those by hand, by the groups of the last sign-in; tokens of a sign-in alone have them. */
  grants: Grant[];
  signedInAt: Date | null;
}

export interface NewIdentity {
  name: string;
  kind: IdentityKind;
  title?: string | undefined;
  grants?: readonly Grant[] | undefined;
  signIn?: (AccountKey & { grants?: readonly Grant[] }) | undefined;
}

export interface IdentityChanges {
  title?: string | undefined;
  /** Replaces all grants by hand. */
  grants?: readonly Grant[] | undefined;
  disabled?: boolean | undefined;
  /** Another account than before ends the tokens that came of sign-ins, and what waits for one. */
  signIn?: AccountKey | null | undefined;
}

/** Throws `identity_exists`, `invalid_name`, `account_taken`. */
export async function createIdentity(
  { db }: Pick<Registry, "db">,
  input: NewIdentity,
  actor: Actor,
  remember: Remember<Identity> = forget,
): Promise<Identity> {
  if (input.name.startsWith(publisherPrefix))
    throw new SlipwayError("invalid_name", `"${publisherPrefix}…" is made with a trusted publisher: take another name`);
  return orIdentityExists(input.name, () =>
    db.$transaction(async (tx) => {
      const identity = await insertIdentity(
        tx,
        { ...input, revision: await nextRevision(tx, actor, { administers: true }) },
        actor,
      );
      await remember(tx, identity);
      return identity;
    }),
  );
}

/** An identity's row and its audit, in a transaction that has taken the revision. Throws `invalid_name`. */
export async function insertIdentity(
  tx: Transaction,
  { name, kind, title = "", grants = [], signIn, revision }: NewIdentity & { revision: bigint },
  actor: Actor,
): Promise<Identity> {
  if (reserved.includes(name))
    throw new SlipwayError("invalid_name", `"${name}" is a name of Slipway's own: take another`);
  if (signIn !== undefined) requirePerson(kind);
  const account = accountColumns(signIn ?? null);
  const row = await tx.identity.create({
    data: { id: newId(), name, kind, title, grants: asJson(grants), createdBy: actor.name, revision, ...account },
  });
  const identity = identityOf(row);
  await recordAudit(tx, actor, {
    action: "identity.create",
    object: name,
    objectId: row.id,
    model: null,
    after: described(identity),
  });
  return identity;
}

/** What `create` makes. Throws `identity_exists` where the name is taken, `account_taken` where the account is. */
export async function orIdentityExists<T>(name: string, create: () => Promise<T>): Promise<T> {
  try {
    return await create();
  } catch (error) {
    const violated = violatedConstraint(error);
    if (violated === "identities_sign_in_key")
      throw new SlipwayError("account_taken", "another person signs in with this account", { cause: error });
    if (violated !== "identities_name_key") throw error;
    throw new SlipwayError("identity_exists", `there is "${name}" already: take another name`, { cause: error });
  }
}

/** Known to every process within a second. Throws `identity_not_found`, `account_taken`. */
export async function updateIdentity(
  { db }: Pick<Registry, "db">,
  name: string,
  changes: IdentityChanges,
  actor: Actor,
): Promise<Identity> {
  return orIdentityExists(name, () => db.$transaction((tx) => changeIdentity(tx, name, changes, actor)));
}

async function changeIdentity(
  tx: Transaction,
  name: string,
  { title, grants, disabled, signIn }: IdentityChanges,
  actor: Actor,
): Promise<Identity> {
  const revision = await nextRevision(tx, actor, { administers: true });
  const before = await readIdentity({ db: tx }, name);
  const isOther = signIn !== undefined && !isSameAccount(before.signIn, signIn);
  if (isOther) {
    requirePerson(before.kind);
    await tx.token.updateMany({
      where: { identityId: before.id, groupGrants: { not: Prisma.AnyNull }, revokedAt: null },
      data: { revokedAt: new Date(), revision },
    });
    // For good, also where the same account is tied again: sign-in/signed-in.ts
    const waiting = { where: { identityId: before.id }, data: { signInIssuer: null, signInSubject: null } };
    await tx.terminal.updateMany(waiting);
    await tx.signIn.updateMany(waiting);
  }
  const row = await tx.identity.update({
    where: { name },
    data: {
      revision,
      ...(title === undefined ? {} : { title }),
      ...(grants === undefined ? {} : { grants: asJson(grants) }),
      ...(disabled === undefined || disabled === before.disabled ? {} : { disabledAt: disabled ? new Date() : null }),
      ...(isOther ? accountColumns(signIn) : {}),
    },
  });
  const after = identityOf(row);
  await recordAudit(tx, actor, {
    action: "identity.update",
    object: name,
    objectId: row.id,
    model: null,
    before: described(before),
    after: described(after),
  });
  return after;
}

function accountColumns(account: NonNullable<NewIdentity["signIn"]> | null) {
  return {
    signInIssuer: account?.issuer ?? null,
    signInSubject: account?.subject ?? null,
    groupGrants: asJson(account?.grants ?? []),
    signedInAt: null,
  };
}

function isSameAccount(one: AccountKey | null, other: AccountKey | null): boolean {
  return one?.issuer === other?.issuer && one?.subject === other?.subject;
}

function requirePerson(kind: IdentityKind): void {
  if (kind !== "person")
    throw new SlipwayError("invalid_request", "only a person signs in: a service account is given tokens");
}

/** Throws `identity_not_found`. */
export async function readIdentity({ db }: { db: Database | Transaction }, name: string): Promise<Identity> {
  const row = await db.identity.findUnique({ where: { name } });
  if (row === null)
    throw new SlipwayError("identity_not_found", `there is no person or service account "${name.slice(0, 100)}"`);
  return identityOf(row);
}

const list = "identities";

/** By name. */
export async function listIdentities({ db }: Pick<Registry, "db">, request: PageRequest): Promise<Page<Identity>> {
  const after = keyOf(list, request.cursor);
  const size = pageSize(request);
  const rows = await db.identity.findMany({
    where: after === null ? {} : { name: { gt: after } },
    orderBy: { name: "asc" },
    take: size + 1,
  });
  return pageOf(list, rows, size, ({ name }) => name, identityOf);
}

export function identityOf(row: IdentityModel): Identity {
  const { id, name, kind, title, grants, disabledAt, createdAt, createdBy } = row;
  const { signInIssuer: issuer, signInSubject: subject, groupGrants, signedInAt } = row;
  const isTied = issuer !== null && subject !== null;
  return {
    id,
    name,
    kind: kind as IdentityKind,
    title,
    grants: grants as unknown as Grant[],
    disabled: disabledAt !== null,
    createdAt,
    createdBy,
    signIn: isTied ? { issuer, subject, grants: groupGrants as unknown as Grant[], signedInAt } : null,
  };
}

/** For the audit. */
export function described({ kind, title, grants, disabled, signIn }: Identity): Prisma.InputJsonObject {
  const account =
    signIn === null
      ? {}
      : { signIn: { issuer: signIn.issuer, subject: signIn.subject, grants: asJson(signIn.grants) } };
  return { kind, title, grants: asJson(grants), disabled, ...account };
}

export function asJson(grants: readonly Grant[]): Prisma.InputJsonArray {
  return grants as unknown as Prisma.InputJsonArray;
}
