import type { SecretsConfig } from "#core/config.ts";
import type { Database } from "#core/database/client.ts";
import { CannotDecrypt, type EncryptedSecret, type MasterKey, rewrap } from "./envelope.ts";
import { secretKeys } from "./secret-keys.ts";

const rowsAtOnce = 100;

export interface Rotation {
  keyId: string;
  rotated: number;
  /** Subjects of the secrets that do not open with the key that they name: their bytes were changed. */
  unopened: readonly string[];
  /** What is still under other keys, by key. */
  left: readonly { keyId: string; secrets: number }[];
}

/** Brings every secret under the newest key, in small transactions: each row has the old key or the new one, and both
 *  open theirs, so that reading goes on meanwhile and a rotation that was killed is run again. `report` is told how many
 *  are done. Throws where no key is set. */
export async function rotateSecrets(
  db: Database,
  config: SecretsConfig,
  report: (rotated: number) => void,
): Promise<Rotation> {
  const keys = secretKeys(config);
  const [newest, previous] = keys;
  if (newest === undefined) throw new Error("SLIPWAY_SECRET_KEY is not set: set it to the new key");
  const unopened: string[] = [];
  let rotated = 0;
  let last: string | null = "";
  while (previous !== undefined && previous.id !== newest.id && last !== null) {
    const batch: Batch = await rotateBatch(db, { newest, previous, after: last });
    unopened.push(...batch.unopened);
    rotated += batch.rotated;
    if (batch.rotated > 0) report(rotated);
    last = batch.last;
  }
  const left = await db.secret.groupBy({
    by: ["keyId"],
    where: { keyId: { not: newest.id } },
    _count: true,
    orderBy: { keyId: "asc" },
  });
  return { keyId: newest.id, rotated, unopened, left: left.map(({ keyId, _count }) => ({ keyId, secrets: _count })) };
}

interface Batch {
  rotated: number;
  unopened: string[];
  /** The subject to go on after; null at the end. */
  last: string | null;
}

/** The next rows of the previous key, in the order of their subjects: one that does not open is passed over, and two
 *  rotations at once wait for one another rather than for ever. */
async function rotateBatch(
  db: Database,
  { newest, previous, after }: { newest: MasterKey; previous: MasterKey; after: string },
): Promise<Batch> {
  return db.$transaction(async (tx) => {
    const rows = await tx.$queryRaw<(EncryptedSecret & { subject: string })[]>`
      SELECT subject, key_id AS "keyId", wrapped_key AS "wrappedKey", sealed FROM secrets
      WHERE key_id = ${previous.id} AND subject > ${after}
      ORDER BY subject LIMIT ${rowsAtOnce} FOR UPDATE`;
    const unopened: string[] = [];
    for (const { subject, ...encrypted } of rows) {
      const rewrapped = rewrapOrNull(newest, previous, encrypted, subject);
      if (rewrapped === null) unopened.push(subject);
      else await tx.secret.update({ where: { subject }, data: rewrapped });
    }
    return { rotated: rows.length - unopened.length, unopened, last: rows.at(-1)?.subject ?? null };
  });
}

function rewrapOrNull(
  newest: MasterKey,
  previous: MasterKey,
  encrypted: EncryptedSecret,
  subject: string,
): EncryptedSecret | null {
  try {
    return rewrap(newest, [previous], encrypted, subject);
  } catch (error) {
    if (error instanceof CannotDecrypt) return null;
    throw error;
  }
}
