import type { Transaction } from "#core/database/client.ts";
import { newId } from "#core/database/ids.ts";
import type { Actor } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";
import type { EventKind } from "./event-kinds.ts";

export interface NewEvent {
  kind: EventKind;
  /** Whose it is, by its name now: who may see that model sees the event. Null for what is no model's. */
  model: { id: string; name: string } | null;
  /** As a person would name it: `churn`, `churn:1.2.0`, `churn:prod`. */
  subject: string;
  data: Prisma.InputJsonObject;
}

/** The row that tells others of a change, in the transaction of the change, and after whatever lock makes changes of its kind
 *  a line: rows are numbered in the order in which they were written (sequence-events.ts). A change whose action is in
 *  event-kinds.ts has its event from `recordAudit`. */
export async function recordEvent(tx: Transaction, actor: Actor, { model, ...event }: NewEvent): Promise<void> {
  const modelId = Prisma.sql`${model?.id ?? null}::uuid`;
  const row = { ...event, id: newId(), at: new Date(), model: model?.name ?? null, modelId };
  await tx.$executeRaw(insertEvents([eventValues(actor, row)]));
}

/** A change that has its row in the audit, and what it is told as. */
export interface ToldChange {
  kind: EventKind;
  object: string;
  objectId: string;
  model: string | null;
  before?: Prisma.InputJsonValue;
  after?: Prisma.InputJsonValue;
}

/** Of an audit row's event, under the same id and time, the values that `insertEvents` takes. */
export function eventOf(
  actor: Actor,
  { id, at }: { id: string; at: Date },
  { kind, object: subject, objectId, model, before, after }: ToldChange,
): Prisma.Sql {
  const data = { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
  const modelId = model === null ? Prisma.sql`NULL` : modelIdOf(kind, objectId);
  return eventValues(actor, { id, at, kind, model, modelId, subject, data });
}

/** Adds events in SQL, in the order of their values. */
export function insertEvents(events: readonly Prisma.Sql[]): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO events (id, at, kind, model, model_id, subject, actor, data, request_id) VALUES ${Prisma.join(events)}`;
}

/** By the object itself: a name may be another model's by now. */
function modelIdOf(kind: EventKind, objectId: string): Prisma.Sql {
  const id = Prisma.sql`${objectId}::uuid`;
  switch (kind.split(".")[0]) {
    case "version":
      return Prisma.sql`(SELECT model_id FROM versions WHERE id = ${id})`;
    case "build":
      return Prisma.sql`(SELECT v.model_id FROM builds b JOIN versions v ON v.id = b.version_id WHERE b.id = ${id})`;
    case "proof":
      return Prisma.sql`(SELECT v.model_id FROM proofs p JOIN versions v ON v.id = p.version_id WHERE p.id = ${id})`;
    case "image":
      return Prisma.sql`(SELECT v.model_id FROM versions v WHERE v.image_id = ${id})`;
    case "promotion":
      return Prisma.sql`(SELECT model_id FROM promotions WHERE id = ${id})`;
    case "check":
      return Prisma.sql`(SELECT v.model_id FROM checks c JOIN versions v ON v.id = c.version_id WHERE c.id = ${id})`;
    default:
      return id; // of a model and of a tag it is the model's
  }
}

interface EventRow {
  id: string;
  at: Date;
  kind: EventKind;
  model: string | null;
  modelId: Prisma.Sql;
  subject: string;
  data: Prisma.InputJsonObject;
}

function eventValues({ name, requestId }: Actor, row: EventRow): Prisma.Sql {
  return Prisma.sql`(${row.id}::uuid, ${row.at}::timestamptz, ${row.kind}, ${row.model}, ${row.modelId}, ${row.subject}, ${name},
    ${JSON.stringify(row.data)}::jsonb, ${requestId})`;
}
