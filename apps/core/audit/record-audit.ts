import type { Transaction } from "#core/database/client.ts";
import { newId } from "#core/database/ids.ts";
import { kindTold } from "#core/events/event-kinds.ts";
import { recordEventOf } from "#core/events/record-event.ts";
import type { Actor } from "#core/registry.ts";
import type { Prisma } from "#prisma/client/client.ts";

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

/** The same for changes that are made together, in their order. */
export async function recordAudits(tx: Transaction, changes: readonly (Change & { actor: Actor })[]): Promise<void> {
  const at = new Date();
  const ids = changes.map(() => newId(at.getTime())).sort();
  const idAt = (index: number) => ids[index] as string;
  await tx.auditEntry.createMany({
    data: changes.map(({ actor: { name, requestId, address, tokenId }, ...change }, index) => ({
      id: idAt(index),
      at,
      actor: name,
      requestId,
      address,
      tokenId,
      ...change,
    })),
  });
  for (const [index, { actor, action, ...change }] of changes.entries()) {
    const kind = kindTold(action);
    if (kind !== null) await recordEventOf(tx, actor, { id: idAt(index), at }, { ...change, kind });
  }
}
