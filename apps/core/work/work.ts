import type { Database, Transaction } from "#core/database/client.ts";
import { newId } from "#core/database/ids.ts";
import { Prisma } from "#prisma/client/client.ts";

/** A worker's hold on a piece of work. Every write made under it names the attempt. */
export interface Claim {
  workId: string;
  kind: string;
  subjectId: string;
  attempt: number;
  lostLeases: number;
  /** Of the request that asked for the work. */
  requestId: string | null;
}

/** The claim was taken away: the lease ran out and another worker has the work, or it was cancelled. */
export class StaleClaim extends Error {
  constructor(claim: Claim) {
    super(`attempt ${claim.attempt} of work ${claim.workId} no longer holds it`);
    this.name = "StaleClaim";
  }
}

/** A row of work, in the transaction of the change that needs it. Ring its bell after the commit. */
export async function addWork(
  tx: Transaction,
  work: { kind: string; subjectId: string; requestId: string | null },
): Promise<string> {
  const id = newId();
  await tx.work.create({ data: { id, ...work } });
  return id;
}

export interface ClaimOptions {
  worker: string;
  leaseMs: number;
  /** What begins whenever it is due. */
  kinds: readonly string[];
  /** What has turns. */
  turns?: {
    kinds: readonly string[];
    /** Asked in the transaction of the claim. Where it says no, the work is blocked: it is out of the queue, and nothing
     *  counts as an attempt, until `unblockWork`. */
    mayBegin(tx: Transaction, work: { kind: string; subjectId: string }): Promise<boolean>;
  };
}

/** Takes the work, or returns null: somebody has it, it is done, its time or its turn has not come, or its kind is not one
 *  of ours (an older worker leaves new kinds to newer ones). */
export async function claimWork(
  db: Database,
  workId: string,
  { worker, leaseMs, kinds, turns }: ClaimOptions,
): Promise<Claim | null> {
  const isDue = (among: readonly string[]) =>
    Prisma.sql`id = ${workId}::uuid AND state = 'queued' AND run_after <= now() AND kind = ANY (${among})`;
  const take = async (tx: Database | Transaction, among: readonly string[]): Promise<Claim | null> => {
    const [claim] = await tx.$queryRaw<Claim[]>`
      UPDATE work
      SET state = 'running', attempt = attempt + 1, worker = ${worker},
          lease_until = now() + ${leaseMs} * interval '1 millisecond'
      WHERE ${isDue(among)}
      RETURNING id AS "workId", kind, subject_id AS "subjectId", attempt, lost_leases AS "lostLeases",
                request_id AS "requestId"`;
    return claim ?? null;
  };
  const claim = kinds.length === 0 ? null : await take(db, kinds);
  if (claim !== null || turns === undefined || turns.kinds.length === 0) return claim;
  return db.$transaction(async (tx) => {
    const [due] = await tx.$queryRaw<{ kind: string; subjectId: string }[]>`
      SELECT kind, subject_id AS "subjectId" FROM work WHERE ${isDue(turns.kinds)} FOR UPDATE`;
    if (due === undefined) return null;
    if (await turns.mayBegin(tx, due)) return take(tx, turns.kinds);
    await tx.work.update({ where: { id: workId }, data: { state: "blocked" } });
    return null;
  });
}

/** Puts blocked work back in the queue. What another has its hands on is left to it. */
export async function unblockWork(
  tx: Transaction,
  kind: string,
  subjectIds: readonly string[],
): Promise<{ id: string; subjectId: string; attempt: number }[]> {
  return tx.$queryRaw`
    UPDATE work SET state = 'queued', run_after = now()
    WHERE id IN (SELECT id FROM work WHERE kind = ${kind} AND subject_id = ANY (${subjectIds}::uuid[])
                   AND state = 'blocked' FOR UPDATE SKIP LOCKED)
    RETURNING id, subject_id AS "subjectId", attempt`;
}

/** The heartbeat. Throws `StaleClaim`. */
export async function extendLease(db: Database, claim: Claim, leaseMs: number): Promise<void> {
  const extended = await db.$executeRaw`
    UPDATE work SET lease_until = now() + ${leaseMs} * interval '1 millisecond'
    WHERE id = ${claim.workId}::uuid AND attempt = ${claim.attempt} AND state = 'running'`;
  if (extended === 0) throw new StaleClaim(claim);
}

/** Locks the row for the rest of the transaction, so that what is written in it is written by the
 *  holder or not at all. Throws `StaleClaim`. */
export async function holdClaim(tx: Transaction, claim: Claim): Promise<void> {
  const held = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM work
    WHERE id = ${claim.workId}::uuid AND attempt = ${claim.attempt} AND state = 'running' FOR UPDATE`;
  if (held.length === 0) throw new StaleClaim(claim);
}

/** Ends the work, in the transaction that holds its claim. */
export async function finishWork(tx: Transaction, claim: Claim): Promise<void> {
  await tx.work.update({ where: { id: claim.workId }, data: { state: "done", leaseUntil: null } });
}

/** Puts the work back, to run again after a time, in the transaction that holds its claim. */
export async function postponeWork(tx: Transaction, claim: Claim, afterMs: number): Promise<void> {
  await tx.$executeRaw`
    UPDATE work SET state = 'queued', lease_until = NULL, run_after = now() + ${afterMs} * interval '1 millisecond'
    WHERE id = ${claim.workId}::uuid`;
}

/** Ends work of which nothing else is to be written. Throws `StaleClaim`. */
export async function endWork(tx: Transaction, claim: Claim): Promise<void> {
  await holdClaim(tx, claim);
  await finishWork(tx, claim);
}

/** The same in a transaction of its own. */
export async function closeWork(db: Database, claim: Claim): Promise<void> {
  await db.$transaction((tx) => endWork(tx, claim));
}

/** The same of work that is to be tried again. Throws `StaleClaim`. */
export async function putOffWork(db: Database, claim: Claim, afterMs: number): Promise<void> {
  await db.$transaction(async (tx) => {
    await holdClaim(tx, claim);
    await postponeWork(tx, claim, afterMs);
  });
}

/** Takes the work away from whoever has it: its next write changes nothing. */
export async function withdrawWork(tx: Transaction, work: { kind: string; subjectId: string }): Promise<void> {
  await tx.work.update({ where: { kind_subjectId: work }, data: { state: "done", leaseUntil: null } });
}

/** A worker that ends in order gives back what it holds; nothing counts as lost. */
export async function releaseWork(db: Database, claim: Claim): Promise<void> {
  await db.$executeRaw`
    UPDATE work SET state = 'queued', lease_until = NULL, run_after = now()
    WHERE id = ${claim.workId}::uuid AND attempt = ${claim.attempt} AND state = 'running'`;
}

/** Puts work whose lease ran out back in the queue, and finds all that is due. */
export async function findDueWork(db: Database, limit: number): Promise<{ id: string; attempt: number }[]> {
  await db.$executeRaw`
    UPDATE work SET state = 'queued', lost_leases = lost_leases + 1, lease_until = NULL, run_after = now()
    WHERE state = 'running' AND lease_until < now()`;
  return db.$queryRaw`
    SELECT id, attempt FROM work WHERE state = 'queued' AND run_after <= now() ORDER BY run_after LIMIT ${limit}`;
}

/** Exponential from 1 s to a minute, with a fifth of jitter so that what failed together does not return together. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const base = Math.min(60_000, 1_000 * 2 ** Math.min(attempt - 1, 6));
  return Math.round(base * (0.9 + random() * 0.2));
}
