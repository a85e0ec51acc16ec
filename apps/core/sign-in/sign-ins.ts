import { hashOf } from "#core/access/token.ts";
import type { Transaction } from "#core/database/client.ts";
import type { Registry } from "#core/registry.ts";
import { type BrowserSecret, newBrowserSecret } from "./browser-secret.ts";
import { type SignedInAs, signedInOf } from "./signed-in.ts";
import type { UserCode } from "./user-code.ts";

type Needs = Pick<Registry, "db">;

/** To sign in, and to say after that whether a terminal is let in. */
export const signInMs = 10 * 60_000;

/** A sign-in of a browser, which keeps the secret; `terminal` is to be let in with it. */
export async function beginSignIn({ db }: Needs, terminal: UserCode | null): Promise<BrowserSecret> {
  const secret = newBrowserSecret();
  await db.signIn.deleteMany({ where: { expiresAt: { lt: new Date() } } });
  await db.signIn.create({
    data: {
      browserHash: hashOf(secret),
      userCode: terminal,
      expiresAt: new Date(Date.now() + signInMs),
    },
  });
  return secret;
}

/** Once: of two answers to the same sign-in the second finds nothing. Null where there is none, or no more. */
export async function takeSignIn({ db }: Needs, secret: BrowserSecret): Promise<{ terminal: string | null } | null> {
  const browserHash = hashOf(secret);
  const { count } = await db.signIn.updateMany({
    where: { browserHash, usedAt: null, expiresAt: { gt: new Date() } },
    data: { usedAt: new Date() },
  });
  if (count === 0) return null;
  const row = await db.signIn.findUnique({ where: { browserHash } });
  return row === null ? null : { terminal: row.userCode };
}

/** Who signed in, until the terminal is decided on. */
export async function keepPerson(tx: Transaction, secret: BrowserSecret, person: SignedInAs): Promise<void> {
  await tx.signIn.update({ where: { browserHash: hashOf(secret) }, data: { ...person } });
}

/** Once. Null where nobody signed in with it, or too long ago. */
export async function takePerson(
  tx: Transaction,
  secret: BrowserSecret,
): Promise<{ person: SignedInAs; terminal: string } | null> {
  const browserHash = hashOf(secret);
  const row = await tx.signIn.findUnique({ where: { browserHash } });
  const { count } = await tx.signIn.deleteMany({
    where: { browserHash, identityId: { not: null }, expiresAt: { gt: new Date() } },
  });
  const person = row === null ? null : signedInOf(row);
  const terminal = row?.userCode ?? null;
  return count === 0 || person === null || terminal === null ? null : { person, terminal };
}
