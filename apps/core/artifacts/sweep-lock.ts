import type { Transaction } from "#core/database/client.ts";

/** Any number that no other advisory lock has. */
const sweepLock = 7_070_708;

/** Until the end of the transaction nothing is swept: what it refers to stays. Taken by whoever gives an object or a blob
 *  something that refers to it, before looking whether it is there. */
export async function holdOffSweep(tx: Transaction): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock_shared(${sweepLock}::bigint)`;
}

/** Until the end of the transaction nothing that is there is given a reference: what the next statement finds unreferenced
 *  may be dropped. */
export async function holdOffReferences(tx: Transaction): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(${sweepLock}::bigint)`;
}
