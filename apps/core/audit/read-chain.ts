import type { Database } from "#core/database/client.ts";
import { readHead } from "#core/events/numbering.ts";
import { type ChainedRow, lineOf } from "./chain.ts";

export type LinkedRow = ChainedRow & { hash: Uint8Array };

const atOnce = 1_000;

/** Rows of the chain by their places, after one and up to so many. */
export async function* readChain(db: Database, after: number, limit: number): AsyncGenerator<LinkedRow> {
  let last = BigInt(after);
  for (let left = limit; left > 0; ) {
    const size = Math.min(left, atOnce);
    const rows = await db.$queryRaw<LinkedRow[]>`
      SELECT sequence, id, at, actor, action, object, object_id AS "objectId", model, before, after,
             request_id AS "requestId", address, token_id AS "tokenId", hash
      FROM audit WHERE sequence > ${last} ORDER BY sequence LIMIT ${size}`;
    yield* rows;
    if (rows.length < size) return;
    last = rows.at(-1)?.sequence ?? last;
    left -= size;
  }
}

/** The chain as JSON lines, each with what the next one's hash is made from; what is chained when it is asked for. */
export async function* exportChain(db: Database, after: number): AsyncGenerator<string> {
  const { last } = await readHead(db, "audit");
  let lines: string[] = [];
  for await (const row of readChain(db, after, Math.max(0, Number(last) - after))) {
    lines.push(JSON.stringify({ ...lineOf(row), hash: Buffer.from(row.hash).toString("hex") }));
    if (lines.length < atOnce) continue;
    yield `${lines.join("\n")}\n`;
    lines = [];
  }
  if (lines.length > 0) yield `${lines.join("\n")}\n`;
}

/** The last row of the chain, which vouches for all others: noted elsewhere, it is what no one who can write to the database
 *  can take back. */
export async function readChainHead(db: Database): Promise<{ sequence: number; hash: string }> {
  const { last, hash } = await readHead(db, "audit");
  return { sequence: Number(last), hash: Buffer.from(hash ?? []).toString("hex") };
}
