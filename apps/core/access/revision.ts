import type { Transaction } from "#core/database/client.ts";

/** The number of a change of identities or tokens. Taken first in its transaction, it holds up every other such change
 *  to the end, so that whoever has seen a revision has seen all below it. */
export async function nextRevision(tx: Transaction): Promise<bigint> {
  const { revision } = await tx.accessRevision.update({ where: { id: 1 }, data: { revision: { increment: 1 } } });
  return revision;
}
