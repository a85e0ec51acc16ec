import type { Database } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { readHead } from "#core/events/numbering.ts";
import { beginning, linkOf } from "./chain.ts";
import { type LinkedRow, readChain } from "./read-chain.ts";

/** Where the chain does not hold. */
export interface ChainFault {
  sequence: number;
  /** Of the row there; null where there is none. */
  id: string | null;
  what: "changed" | "removed" | "inserted";
  detail: string;
}

export interface ChainPart {
  /** Rows that hold, from the one after `after`. */
  verified: number;
  /** The last of them, to go on after; `after` itself where there is none. */
  last: number;
  /** Of that row: what a head that was noted elsewhere is compared with. */
  hash: string;
  /** The first one; nothing is looked at past it. */
  fault: ChainFault | null;
  /** Whether all that was chained when it was asked was looked at. */
  done: boolean;
}

/** Takes the hashes of up to `limit` rows again, and finds the first that was edited, removed, or put between others by
 *  whoever can write to the database. A part that begins later trusts the row it begins after. Rows that are not chained yet
 *  are not looked at: what is added at the end is a row like any other, and the chain says since when it is there. Throws
 *  `invalid_request` where the chain does not reach as far as `after`. */
export async function verifyAudit(
  db: Database,
  { after, limit }: { after: number; limit: number },
): Promise<ChainPart> {
  const head = await readHead(db, "audit"); // before the rows: all up to here are to be seen
  const end = Number(head.last);
  if (after > end)
    throw new SlipwayError(
      "invalid_request",
      `the audit's chain ends with row ${end}: there is nothing after ${after}`,
    );
  let last = after;
  let hash: Uint8Array = beginning;
  const part = (fault: ChainFault | null, done: boolean): ChainPart => ({
    verified: last - after,
    last,
    hash: Buffer.from(hash).toString("hex"),
    fault,
    done,
  });
  if (after > 0) {
    const [start] = (await db.$queryRaw`SELECT hash FROM audit WHERE sequence = ${after}`) as { hash: Uint8Array }[];
    if (start === undefined) return part(removed(after, after), true);
    hash = start.hash;
  } else {
    const outside = await db.auditEntry.findFirst({ where: { sequence: { lt: 1 } }, orderBy: { sequence: "asc" } });
    if (outside !== null) return part(inserted(Number(outside.sequence), outside.id), true);
  }
  for await (const row of readChain(db, after, limit)) {
    const fault = await faultOf(db, row, { last, hash });
    if (fault !== null) return part(fault, true);
    last += 1;
    hash = row.hash;
  }
  if (last < end) return last - after < limit ? part(removed(last + 1, end), true) : part(null, false);
  if (last === end && end > 0 && !same(hash, head.hash)) return part(changedAt(last, null), true);
  return part(null, true);
}

async function faultOf(
  db: Database,
  row: LinkedRow,
  before: { last: number; hash: Uint8Array },
): Promise<ChainFault | null> {
  const sequence = Number(row.sequence);
  const isNext = sequence === before.last + 1;
  if (isNext && same(linkOf(before.hash, row), row.hash)) return null;
  // One past the head has no place there; the head may have moved on since the rows were read.
  const { last } = await readHead(db, "audit");
  if (sequence <= before.last || row.sequence > last) return inserted(sequence, row.id);
  return isNext ? changedAt(sequence, row.id) : removed(before.last + 1, sequence - 1);
}

function removed(from: number, to: number): ChainFault {
  const detail = from === to ? `row ${from} is not there` : `rows ${from} to ${to} are not there`;
  return { sequence: from, id: null, what: "removed", detail };
}

function inserted(sequence: number, id: string): ChainFault {
  return { sequence, id, what: "inserted", detail: `the chain has no place for row ${sequence}` };
}

function changedAt(sequence: number, id: string | null): ChainFault {
  const detail = `row ${sequence} is not what was chained, or was given a new hash with the row before it`;
  return { sequence, id, what: "changed", detail };
}

function same(one: Uint8Array, other: Uint8Array | null): boolean {
  return other !== null && Buffer.compare(one, other) === 0;
}
