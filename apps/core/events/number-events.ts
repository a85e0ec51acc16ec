import type { Database, Transaction } from "#core/database/client.ts";
import { type Event, eventColumns } from "./event.ts";
import { advanceHead, lockHead } from "./numbering.ts";

/** Small enough to be through well within the limit of a statement, large enough to keep up with any number of writers. */
const atOnce = 500;

/** Done in the transaction that gives the events their numbers. */
export type OnNumbered = (tx: Transaction, events: readonly Event[]) => Promise<void>;

/** Numbers what is committed and has no number, in one transaction with what `onNumbered` makes of it: a process that is
 *  killed leaves all of it or nothing. Returns how many it was; 500 means that there may be more. */
export async function numberEvents(db: Database, onNumbered: OnNumbered): Promise<number> {
  const [waiting] = await db.$queryRaw<unknown[]>`SELECT 1 FROM events WHERE sequence IS NULL LIMIT 1`;
  if (waiting === undefined) return 0;
  return db.$transaction(async (tx) => {
    const { last } = await lockHead(tx, "events");
    const numbered = await tx.$queryRaw<Event[]>`
      WITH next AS (
        SELECT id, row_number() OVER (ORDER BY ordinal) AS place
        FROM (SELECT id, ordinal FROM events WHERE sequence IS NULL ORDER BY ordinal LIMIT ${atOnce}) AS waiting)
      UPDATE events e SET sequence = ${last} + next.place FROM next WHERE e.id = next.id
      RETURNING ${eventColumns}`;
    if (numbered.length === 0) return 0; // another process was first
    numbered.sort((a, b) => (a.sequence < b.sequence ? -1 : 1));
    await onNumbered(tx, numbered);
    await advanceHead(tx, "events", { last: last + BigInt(numbered.length), hash: null });
    return numbered.length;
  });
}
