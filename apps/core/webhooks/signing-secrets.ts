import type { SecretsConfig } from "#core/config.ts";
import type { Transaction } from "#core/database/client.ts";
import { CannotDecrypt } from "#core/secrets/envelope.ts";
import { putSecret, readSecret, removeSecret } from "#core/secrets/stored-secrets.ts";
import { newSigningSecret } from "./sign-message.ts";

/** One that was replaced, and until when it signs as well. */
interface FormerSecret {
  secret: string;
  /** RFC 3339. */
  until: string;
}

/** Receivers that were given none of the last few are left behind; a header holds all signatures. */
const mostFormer = 3;

const present = (id: string) => `webhook:${id}/secret`;
const former = (id: string) => `webhook:${id}/former-secrets`;

/** All that a message is signed with, the present one first. */
export async function signingSecrets(db: Transaction, config: SecretsConfig, id: string): Promise<string[]> {
  const secret = await readSecret(db, config, present(id));
  if (secret === null) throw new Error(`the secret of the webhook ${id} is gone`);
  return [secret, ...(await formerSecrets(db, config, id)).map((one) => one.secret)];
}

/** The secret of a new webhook, or another one of one that is there: until `keepUntil` those that it had sign as well. Returns it
 *  for the one time that it is shown. Throws `unavailable` where this Slipway keeps no secrets. */
export async function makeSigningSecret(
  tx: Transaction,
  config: SecretsConfig,
  { id, keepUntil = null }: { id: string; keepUntil?: Date | null },
): Promise<string> {
  const kept = keepUntil === null ? [] : await toKeep(tx, config, id, keepUntil);
  // In the order of their names, as whoever changes the key of all secrets.
  if (kept.length === 0) await removeSecret(tx, former(id));
  else await putSecret(tx, config, { subject: former(id), secret: JSON.stringify(kept) });
  const secret = newSigningSecret();
  await putSecret(tx, config, { subject: present(id), secret });
  return secret;
}

export async function removeSigningSecrets(tx: Transaction, id: string): Promise<void> {
  for (const subject of [former(id), present(id)]) await removeSecret(tx, subject);
}

/** What does not open is no loss. */
async function toKeep(tx: Transaction, config: SecretsConfig, id: string, keepUntil: Date): Promise<FormerSecret[]> {
  try {
    const replaced = await readSecret(tx, config, present(id));
    const before = await formerSecrets(tx, config, id);
    const kept = replaced === null ? before : [{ secret: replaced, until: keepUntil.toISOString() }, ...before];
    return kept.slice(0, mostFormer);
  } catch (error) {
    if (error instanceof CannotDecrypt) return [];
    throw error;
  }
}

async function formerSecrets(db: Transaction, config: SecretsConfig, id: string): Promise<FormerSecret[]> {
  const stored = await readSecret(db, config, former(id));
  const all = stored === null ? [] : (JSON.parse(stored) as FormerSecret[]);
  return all.filter(({ until }) => Date.parse(until) > Date.now());
}
