import type { Digest } from "#core/artifacts/digest.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";

/*
 * A request that names a key has one effect, however often it is sent (draft-ietf-httpapi-idempotency-key-header):
 *
 *   claimed ──▶ change and answer commit together ──▶ the answer, for a day
 *      │
 *      └─▶ refused, or its process killed: the key is free again (at once, or when the lease runs out)
 */

/** A caller's key and the fingerprint of the request that it stands for. */
export interface KeyedRequest {
  caller: string;
  key: string;
  requestDigest: Digest;
}

/** A request's hold on its key. Only the holder of the latest attempt can commit. */
export interface KeyClaim {
  caller: string;
  key: string;
  attempt: number;
}

export interface Answer {
  status: number;
  location: string | null;
  /** As it was sent. */
  body: string;
  /** SHA-256 of the body that was streamed in; null where the fingerprint holds it all. */
  bodyDigest: Digest | null;
}

/** Writes down what a change has led to, in its own transaction. */
export type Remember<T> = (tx: Transaction, result: T) => Promise<void>;

/** For whoever need not be told twice. */
export const forget: Remember<unknown> = async () => {};

const keptForHours = 24;
const outdatedAtOnce = 20;

/** The claim, or the answer that the same request had before. Throws `idempotency_key_reused` where the key
 *  stands for another request, `request_in_progress` while the first one runs. */
export async function claimKey(
  db: Database,
  { caller, key, requestDigest }: KeyedRequest,
  leaseMs: number,
): Promise<{ claim: KeyClaim } | { answer: Answer }> {
  const [claimed] = await db.$queryRaw<{ attempt: number }[]>`
    INSERT INTO idempotency_keys AS k (caller, key, request_digest, lease_until)
    VALUES (${caller}, ${key}, ${requestDigest}, now() + ${leaseMs} * interval '1 millisecond')
    ON CONFLICT (caller, key) DO UPDATE
    SET attempt = k.attempt + 1, lease_until = excluded.lease_until, request_digest = excluded.request_digest,
        created_at = now(), status = NULL, location = NULL, body = NULL, body_digest = NULL
    WHERE (k.status IS NULL AND k.lease_until < now())
       OR k.created_at < now() - ${keptForHours} * interval '1 hour'
    RETURNING attempt`;
  if (claimed !== undefined) return { claim: { caller, key, attempt: claimed.attempt } };
  const row = await db.idempotencyKey.findUnique({ where: { caller_key: { caller, key } } });
  if (row !== null && row.requestDigest !== requestDigest) throw keyReused();
  // A row that is gone was let go between the two statements: its request has just been refused.
  if (row === null || row.status === null)
    throw new SlipwayError(
      "request_in_progress",
      "the first request with this Idempotency-Key still runs: send it again in a moment for its answer",
    );
  const { status, location, body, bodyDigest } = row;
  return { answer: { status, location, body: body ?? "", bodyDigest: bodyDigest as Digest | null } };
}

export function keyReused(): SlipwayError {
  return new SlipwayError(
    "idempotency_key_reused",
    "this Idempotency-Key was used for another request: take a new key for each thing that is to be done",
  );
}

/** The heartbeat of a long upload. */
export async function extendKey(db: Database, { caller, key, attempt }: KeyClaim, leaseMs: number): Promise<void> {
  await db.$executeRaw`
    UPDATE idempotency_keys SET lease_until = now() + ${leaseMs} * interval '1 millisecond'
    WHERE caller = ${caller} AND key = ${key} AND attempt = ${attempt} AND status IS NULL`;
}

/** Part of the change: where the key was taken over meanwhile (this request hung past its lease), the change is
 *  undone with it. Throws `request_in_progress`. */
export async function rememberAnswer(
  tx: Transaction,
  { caller, key, attempt }: KeyClaim,
  { status, location, body, bodyDigest }: Answer,
): Promise<void> {
  const { count } = await tx.idempotencyKey.updateMany({
    where: { caller, key, attempt, status: null },
    data: { status, location, body, bodyDigest },
  });
  if (count === 0)
    throw new SlipwayError(
      "request_in_progress",
      "this request took so long that another with its Idempotency-Key went ahead: send it again for the answer",
    );
}

/** Lets go of the key of a request that was refused. A commit whose outcome was unknown keeps its answer. */
export async function releaseKey(db: Database, { caller, key, attempt }: KeyClaim): Promise<void> {
  await db.idempotencyKey.deleteMany({ where: { caller, key, attempt, status: null } });
}

/** Each new key pays for the removal of some old ones. */
export async function removeOutdatedKeys(db: Database): Promise<void> {
  await db.$executeRaw`
    DELETE FROM idempotency_keys WHERE (caller, key) IN (
      SELECT caller, key FROM idempotency_keys
      WHERE created_at < now() - ${keptForHours} * interval '1 hour'
      LIMIT ${outdatedAtOnce} FOR UPDATE SKIP LOCKED)`;
}
