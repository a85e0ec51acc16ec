import type { Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import type { Actor } from "#core/registry.ts";
import { allows, type Grant } from "./roles.ts";
import { unauthenticated } from "./unauthenticated.ts";

/** The number of a change of identities or tokens. Taken first in its transaction, it holds up every other such change
 *  to the end, so that whoever has seen a revision has seen all below it. What the actor may is looked at once more under
 *  it: who is being shut out does not let itself in again. Throws `unauthenticated`, `forbidden`. */
export async function nextRevision(
  tx: Transaction,
  { tokenId, name }: Actor,
  { administers }: { administers: boolean },
): Promise<bigint> {
  const { revision } = await tx.accessRevision.update({ where: { id: 1 }, data: { revision: { increment: 1 } } });
  if (tokenId === null) return revision;
  const token = await tx.token.findUniqueOrThrow({ where: { id: tokenId }, include: { identity: true } });
  const isOver = token.expiresAt !== null && token.expiresAt <= new Date();
  if (token.revokedAt !== null || token.identity.disabledAt !== null || isOver) throw unauthenticated();
  const own = [token.identity.grants, token.groupGrants ?? []].flat() as unknown as Grant[];
  const grants = token.grants === null ? [own] : [own, token.grants as unknown as Grant[]];
  if (administers && !allows(grants, { right: "administer", model: null }))
    throw new SlipwayError("forbidden", `${name} lacks the right to administer on everything (*) any more`);
  return revision;
}
