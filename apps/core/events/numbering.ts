import type { Database, Transaction } from "#core/database/client.ts";

/*
 * Rows of `events` and `audit` are numbered after their commit, by one process at a time:
 *
 *   - the row of `sequences` that holds the last number is locked before any row is looked for, and until the numbers are
 *     committed. So whoever sees a number sees all before it, and a transaction that commits late is the next round's.
 *   - within a round rows go by `ordinal`, which a Postgres sequence gave them when they were written. Two changes of which
 *     one had to wait for the other (for a lock, or for having read it) have theirs in that order, and where the later one is
 *     visible, so is the earlier one. No clock is asked.
 */

export type Numbered = "events" | "audit";

export interface Head {
  last: bigint;
  /** Of the audit's last row. */
  hash: Uint8Array | null;
}

/** Makes this transaction the only one that numbers the table. What is looked for after it, in a statement of its own, is
 *  all that was committed before. */
export async function lockHead(tx: Transaction, name: Numbered): Promise<Head> {
  const [head] = await tx.$queryRaw<Head[]>`SELECT last, hash FROM sequences WHERE name = ${name} FOR UPDATE`;
  if (head === undefined) throw new Error(`the row of ${name} in sequences is gone`);
  return head;
}

export async function advanceHead(tx: Transaction, name: Numbered, { last, hash }: Head): Promise<void> {
  await tx.$executeRaw`UPDATE sequences SET last = ${last}, hash = ${hash} WHERE name = ${name}`;
}

export async function readHead(db: Database | Transaction, name: Numbered): Promise<Head> {
  const { last, hash } = await db.sequence.findUniqueOrThrow({ where: { name } });
  return { last, hash };
}
