import type { Prisma } from "#prisma/client/client.ts";

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
