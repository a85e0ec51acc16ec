import canonicalize from "canonicalize";
import {
  asJson,
  described,
  type Identity,
  identityOf,
  insertIdentity,
  orIdentityExists,
  publisherPrefix,
} from "#core/access/identities.ts";
import { nextRevision } from "#core/access/revision.ts";
import type { Grant } from "#core/access/roles.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import type { Actor, Registry } from "#core/registry.ts";
import type { SignInConfig } from "#core/sign-in-config.ts";
import { Prisma } from "#prisma/client/client.ts";
import { type Account, signInRefused } from "./account.ts";

/** In which request something is asked for. */
export type From = Pick<Actor, "requestId" | "address">;

/** Who signed in, as of this sign-in. */
export interface Person {
  identity: Identity;
  /** By its groups, beside those by hand. */
  groupGrants: readonly Grant[];
  revision: bigint;
  actor: Actor;
}

/** The person of an account, by issuer and subject alone: made where its groups give it a role, and its roles by groups
 *  brought up to date, in all tokens that came of its sign-ins. In one transaction with what `then` makes of it. Roles that
 *  a group no longer gives are gone also where the sign-in is refused. Throws `sign_in_refused`, `identity_exists`. */
export async function settlePerson<T>(
  { db }: Pick<Registry, "db">,
  config: SignInConfig,
  account: Account,
  from: From,
  then: (tx: Transaction, person: Person) => Promise<T>,
): Promise<T> {
  const settled = await orNameTaken(account, () =>
    db.$transaction(async (tx) => {
      const { issuer: signInIssuer, subject: signInSubject } = account;
      const revision = await nextRevision(tx, { name: "", tokenId: null, ...from }, { administers: false });
      const row = await tx.identity.findFirst({ where: { signInIssuer, signInSubject } });
      const groupGrants = grantsOf(config, account.groups ?? []);
      if (row === null && groupGrants.length === 0) return signInRefused(whyNoRole(config, account));
      const name = row?.name ?? nameOf(account);
      const person = { groupGrants, revision, actor: { name, tokenId: null, ...from } };
      const before = row === null ? await insertPerson(tx, account, person) : identityOf(row);
      const identity = await update(tx, before, person);
      if (identity.disabled) return signInRefused(`"${identity.name}" is disabled here`);
      if (identity.grants.length + groupGrants.length === 0) return signInRefused(whyNoRole(config, account));
      return { made: await then(tx, { ...person, identity }) };
    }),
  );
  if (settled instanceof SlipwayError) throw settled;
  return settled.made;
}

function grantsOf({ roles }: SignInConfig, groups: readonly string[]): Grant[] {
  return roles.filter(({ group }) => groups.includes(group)).map(({ grant }) => grant);
}

function whyNoRole({ groupsClaim }: SignInConfig, { groups, subject }: Account): string {
  const why =
    groups === null
      ? `the provider says nothing of your groups (${groupsClaim})`
      : "none of your groups has a role here";
  return `${why}; your account is ${subject}`;
}

/** Throws `sign_in_refused`. */
function nameOf({ name, subject }: Account): string {
  if (name !== null && !name.startsWith(publisherPrefix)) return name;
  throw signInRefused(
    `the provider calls you nothing that can be a name here: an administrator can make a person with "signIn": {"subject": "${subject}"}`,
  );
}

type Unsettled = Omit<Person, "identity">;

function insertPerson(
  tx: Transaction,
  account: Account,
  { groupGrants, revision, actor }: Unsettled,
): Promise<Identity> {
  const { issuer, subject, title } = account;
  const signIn = { issuer, subject, grants: groupGrants };
  return insertIdentity(tx, { name: actor.name, kind: "person", title, signIn, revision }, actor);
}

async function update(
  tx: Transaction,
  before: Identity,
  { groupGrants, revision, actor }: Unsettled,
): Promise<Identity> {
  const isSame = canonicalize(before.signIn?.grants) === canonicalize(groupGrants);
  const changed = isSame ? {} : { groupGrants: asJson(groupGrants), revision };
  const row = await tx.identity.update({ where: { id: before.id }, data: { signedInAt: new Date(), ...changed } });
  const identity = identityOf(row);
  await tx.token.updateMany({
    where: {
      identityId: row.id,
      groupGrants: { not: Prisma.AnyNull },
      revokedAt: null,
      NOT: { groupGrants: { equals: asJson(groupGrants) } },
    },
    data: { groupGrants: asJson(groupGrants), revision },
  });
  if (!isSame)
    await recordAudit(tx, actor, {
      action: "identity.update",
      object: row.name,
      objectId: row.id,
      model: null,
      before: described(before),
      after: described(identity),
    });
  return identity;
}

async function orNameTaken<T>({ name, subject }: Account, settle: () => Promise<T>): Promise<T> {
  try {
    return await orIdentityExists(name ?? "", settle);
  } catch (error) {
    if (!(error instanceof SlipwayError && error.code === "identity_exists")) throw error;
    throw new SlipwayError(
      "identity_exists",
      `there is "${name}" here already, which is not tied to your account: an administrator can do that, by PATCH /v1/identities/${name} with {"signIn": {"subject": "${subject}"}}`,
      { cause: error },
    );
  }
}
