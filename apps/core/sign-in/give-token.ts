import { asJson } from "#core/access/identities.ts";
import { insertTokenRow, type MadeToken } from "#core/access/tokens.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import type { SignInConfig } from "#core/sign-in-config.ts";
import { Prisma } from "#prisma/client/client.ts";
import type { Person } from "./settle-person.ts";

/** That long after their end they are listed. */
const keptMs = 100 * 86_400_000;

/** A token of a sign-in, and its audit: like one that is made by hand, but for what groups give beside its owner's
 *  grants. */
export async function giveToken(
  tx: Transaction,
  { tokenMs }: Pick<SignInConfig, "tokenMs">,
  name: string,
  { identity, groupGrants, revision, actor }: Person,
): Promise<MadeToken> {
  const before = new Date(Date.now() - keptMs);
  await tx.token.deleteMany({
    where: { identityId: identity.id, groupGrants: { not: Prisma.AnyNull }, expiresAt: { lt: before } },
  });
  const expiresAt = new Date(Date.now() + tokenMs);
  const made = await insertTokenRow(tx, { identity, name, expiresAt, groupGrants, revision }, actor);
  await recordAudit(tx, actor, {
    action: "token.signin",
    object: `${identity.name}/${name}`,
    objectId: made.record.id,
    model: null,
    after: {
      issuer: identity.signIn?.issuer ?? null,
      subject: identity.signIn?.subject ?? null,
      groupGrants: asJson(groupGrants),
      expiresAt: expiresAt.toISOString(),
    },
  });
  return made;
}
