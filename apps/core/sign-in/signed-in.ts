import { type AccountKey, type Identity, identityOf } from "#core/access/identities.ts";
import type { Transaction } from "#core/database/client.ts";
import type { SlipwayError } from "#core/errors.ts";
import { signInRefused } from "./account.ts";

/** Who signed in, and with which account, until a token comes of it. In the columns of a row. */
export interface SignedInAs {
  identityId: string;
  signInIssuer: string;
  signInSubject: string;
}

export function signedInAs({ id: identityId }: Identity, { issuer, subject }: AccountKey): SignedInAs {
  return { identityId, signInIssuer: issuer, signInSubject: subject };
}

type Columns = { [Name in keyof SignedInAs]: SignedInAs[Name] | null };

/** Null where nobody signed in for the row. Without an account, where it was taken from the person since, it is nobody's. */
export function signedInOf({ identityId, signInIssuer, signInSubject }: Columns): SignedInAs | null {
  if (identityId === null) return null;
  return { identityId, signInIssuer: signInIssuer ?? "", signInSubject: signInSubject ?? "" };
}

/** The identity as it is now; `sign_in_refused` where an administrator has disabled it since, or the account is its own no
 *  more. */
export async function stillSignedIn(
  tx: Transaction,
  { identityId, signInIssuer, signInSubject }: SignedInAs,
): Promise<Identity | SlipwayError> {
  const identity = identityOf(await tx.identity.findUniqueOrThrow({ where: { id: identityId } }));
  const { name, signIn, disabled } = identity;
  if (disabled) return signInRefused(`"${name}" is disabled here`);
  if (signIn?.issuer !== signInIssuer || signIn.subject !== signInSubject)
    return signInRefused(`your account is not that of "${name}" any more`);
  return identity;
}
