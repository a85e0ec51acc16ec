import type { Transaction } from "#core/database/client.ts";
import { newId } from "#core/database/ids.ts";
import { kindTold } from "#core/events/event-kinds.ts";
import { eventOf, insertEvents } from "#core/events/record-event.ts";
import type { Actor } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";

/** A statement has at most 32,767 values, and a row 20. */
const atOnce = 1_000;

export interface Change {
  /** `model.create`, `version.seal`, `tag.move` … */
  action: string;
  /** As a person would name it: `churn`, `churn:1.2.0`. */
  object: string;
  objectId: string;
  /** Whose change it is, by its name at that time: who may see that model sees the row. Null for what is no model's. */
  model: string | null;
  before?: Prisma.InputJsonValue;
  after?: Prisma.InputJsonValue;
}

/** The row that goes into the transaction of every change, and only there, with its event where its action is told
 *  (events/event-kinds.ts). Its id says when (RFC 9562 §5.7), so that the order of ids is the order of time. */
export function recordAudit(tx: Transaction, actor: Actor, change: Change): Promise<void> {
  return recordAudits(tx, [{ actor, ...change }]);
}

/** The same for changes that are made together, in their order: rows and events in one statement. */
export async function recordAudits(tx: Transaction, changes: readonly (Change & { actor: Actor })[]): Promise<void> {
  const at = new Date();
  const ids = changes.map(() => newId(at.getTime())).sort();
  const rows = changes.map((change, index) => ({ ...change, id: ids[index] as string }));
  for (let start = 0; start < rows.length; start += atOnce) await insertRows(tx, at, rows.slice(start, start + atOnce));
}

async function insertRows(
  tx: Transaction,
  at: Date,
  rows: readonly (Change & { actor: Actor; id: string })[],
): Promise<void> {
  const entries = rows.map(
    ({
      id,
      actor: { name, requestId, address, tokenId },
      action,
      object,
      objectId,
      model,
      before,
      after,
    }) => Prisma.sql`
      (${id}::uuid, ${at}::timestamptz, ${name}, ${action}, ${object}, ${objectId}, ${model}, ${jsonOf(before)}::jsonb,
       ${jsonOf(after)}::jsonb, ${requestId}, ${address}, ${tokenId}::uuid)`,
  );
  const events = rows.flatMap(({ id, actor, action, ...change }) => {
    const kind = kindTold(action);
    return kind === null ? [] : [eventOf(actor, { id, at }, { ...change, kind })];
  });
  const audited = Prisma.sql`
    INSERT INTO audit (id, at, actor, action, object, object_id, model, before, after, request_id, address, token_id)
    VALUES ${Prisma.join(entries)}`;
  await tx.$executeRaw(
    events.length === 0 ? audited : Prisma.sql`WITH audited AS (${audited}) ${insertEvents(events)}`,
  );
}

function jsonOf(value: Prisma.InputJsonValue | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
