import { Prisma } from "#prisma/client/client.ts";

/** What is told of a change, under its number. */
export interface Event {
  id: string;
  sequence: bigint;
  /** An `EventKind`; of an older or a newer Slipway perhaps another. */
  kind: string;
  /** Whose it is, by its name then; null for what is no model's. */
  model: string | null;
  modelId: string | null;
  subject: string;
  actor: string;
  data: Prisma.JsonObject;
  requestId: string | null;
  at: Date;
}

/** Of row `e`, as an `Event`. */
export const eventColumns = Prisma.sql`
  e.id, e.sequence, e.kind, e.model, e.model_id AS "modelId", e.subject, e.actor, e.data, e.request_id AS "requestId", e.at`;
