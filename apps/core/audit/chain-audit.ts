import type { Database } from "#core/database/client.ts";
import { advanceHead, lockHead } from "#core/events/numbering.ts";
import { beginning, type ChainedRow, linkOf } from "./chain.ts";

const atOnce = 500;

/** Gives committed rows of the audit their places in the chain, as `numberEvents` gives events their numbers. Rows that are
 *  older than the chain come first. Returns how many it was; 500 means that there may be more. */
export async function chainAudit(db: Database): Promise<number> {
  const [waiting] = await db.$queryRaw<unknown[]>`SELECT 1 FROM audit WHERE sequence IS NULL LIMIT 1`;
  if (waiting === undefined) return 0;
  return db.$transaction(async (tx) => {
    const head = await lockHead(tx, "audit");
    const rows = await tx.$queryRaw<ChainedRow[]>`
      SELECT ${head.last} + row_number() OVER (ORDER BY ordinal, id) AS sequence, id, at, actor, action, object,
             object_id AS "objectId", model, before, after, request_id AS "requestId", address, token_id AS "tokenId"
      FROM (SELECT * FROM audit WHERE sequence IS NULL ORDER BY ordinal, id LIMIT ${atOnce}) AS waiting
      ORDER BY ordinal, id`;
    if (rows.length === 0) return 0; // another process was first
    let hash: Uint8Array = head.hash ?? beginning;
    const hashes = rows.map((row) => {
      hash = linkOf(hash, row);
      return Buffer.from(hash).toString("hex");
    });
    await tx.$executeRaw`
      UPDATE audit a SET sequence = ${head.last} + link.place, hash = decode(link.hash, 'hex')
      FROM unnest(${rows.map(({ id }) => id)}::uuid[], ${hashes}::text[]) WITH ORDINALITY AS link (id, hash, place)
      WHERE a.id = link.id`;
    await advanceHead(tx, "audit", { last: head.last + BigInt(rows.length), hash });
    return rows.length;
  });
}
