import type { SecretsConfig } from "#core/config.ts";
import type { Database } from "#core/database/client.ts";
import { WrongSetting } from "#core/settings.ts";
import { CannotDecrypt, encryptSecret, type MasterKey } from "./envelope.ts";
import { secretKeys } from "./secret-keys.ts";
import { readSecret } from "./stored-secrets.ts";

/** Stored by the first process that has a key, so that a database knows its key before any other secret is there. */
const sentinel = { subject: "slipway:sentinel", secret: "opens with the key of this database" };

/** SLIPWAY_SECRET_KEY is missing or is not the one that the database's secrets are encrypted with. */
export class WrongSecretKey extends WrongSetting {}

/** Resolves when each secret of the database has its key here. Throws `WrongSecretKey`. Safe to run in any number of
 *  processes at once: the first sentinel stays. */
export async function checkSecretKey(db: Database, config: SecretsConfig): Promise<void> {
  const keys = secretKeys(config);
  const stored = await db.secret.groupBy({ by: ["keyId"], orderBy: { keyId: "asc" } });
  refuseUnknown(
    stored.map(({ keyId }) => keyId),
    keys,
  );
  const [newest] = keys;
  if (newest === undefined) return;
  const { subject, secret } = sentinel;
  await db.secret.createMany({ data: { subject, ...encryptSecret(newest, secret, subject) }, skipDuplicates: true });
  const { keyId } = await db.secret.findUniqueOrThrow({ where: { subject }, select: { keyId: true } });
  refuseUnknown([keyId], keys); // that of a process that came first
  await readSecret(db, config, subject).catch((error: unknown) => {
    if (!(error instanceof CannotDecrypt)) throw error;
    throw new WrongSecretKey(
      `SLIPWAY_SECRET_KEY has the id ${keyId} that the database wants and yet does not open "${subject}" there: its bytes were changed`,
      { cause: error },
    );
  });
}

function refuseUnknown(wanted: readonly string[], keys: readonly MasterKey[]): void {
  const unknown = wanted.filter((keyId) => keys.every(({ id }) => id !== keyId));
  if (unknown.length === 0) return;
  const [given] = keys;
  throw new WrongSecretKey(
    given === undefined
      ? `SLIPWAY_SECRET_KEY is not set, and the database holds secrets that want the key with the id ${unknown.join(", ")}: set it to that key`
      : `SLIPWAY_SECRET_KEY is not the key of this database: its secrets want the one with the id ${unknown.join(", ")}, and the one given has the id ${given.id} (while a key is being changed, set SLIPWAY_PREVIOUS_SECRET_KEY to the old one)`,
  );
}
