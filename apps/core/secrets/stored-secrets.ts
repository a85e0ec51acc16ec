import type { SecretsConfig } from "#core/config.ts";
import type { Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { decryptSecret, encryptSecret } from "./envelope.ts";
import { secretKeys } from "./secret-keys.ts";

export const noSecretKey =
  "no secret can be stored here: set SLIPWAY_SECRET_KEY to a text of 32 characters or more, made by chance, and start again";

/** Stores it under its subject (`registry:main/password`), in place of what was there. Throws `unavailable` where this
 *  Slipway has no key. */
export async function putSecret(
  db: Transaction,
  config: SecretsConfig,
  { subject, secret }: { subject: string; secret: string },
): Promise<void> {
  const [newest] = secretKeys(config);
  if (newest === undefined) throw new SlipwayError("unavailable", noSecretKey);
  const encrypted = encryptSecret(newest, secret, subject);
  await db.secret.upsert({
    where: { subject },
    create: { subject, ...encrypted },
    update: { ...encrypted, changedAt: new Date() },
  });
}

/** Null where none is stored. Throws `CannotDecrypt`. */
export async function readSecret(db: Transaction, config: SecretsConfig, subject: string): Promise<string | null> {
  const row = await db.secret.findUnique({ where: { subject } });
  return row === null ? null : decryptSecret(secretKeys(config), row, subject);
}

/** Nothing happens where none is stored. */
export async function removeSecret(db: Transaction, subject: string): Promise<void> {
  await db.secret.deleteMany({ where: { subject } });
}
