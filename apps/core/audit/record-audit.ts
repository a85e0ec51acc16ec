import type { Transaction } from "#core/database/client.ts";
import { newId } from "#core/database/ids.ts";
import type { Actor } from "#core/registry.ts";
import type { Prisma } from "#prisma/client/client.ts";

export interface Change {
  /** `model.create`, `version.seal`, `tag.move` … */
  action: string;
  /** As a person would name it: `churn`, `churn:1.2.0`. */
  object: string;
  objectId: string;
  before?: Prisma.InputJsonValue;
  after?: Prisma.InputJsonValue;
}

/** The row that goes into the transaction of every change, and only there. */
export async function recordAudit(tx: Transaction, actor: Actor, change: Change): Promise<void> {
  await tx.auditEntry.create({
    data: { id: newId(), actor: actor.name, requestId: actor.requestId, ...change },
  });
}
