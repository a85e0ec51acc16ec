import type { NamePattern } from "#core/access/name-pattern.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { isId } from "#core/database/ids.ts";
import { SlipwayError } from "#core/errors.ts";
import type { Webhook as WebhookRow } from "#prisma/client/client.ts";
import type { WebhookFormat } from "./message.ts";

/** Where events are sent, and which. */
export interface Webhook {
  id: string;
  url: string;
  description: string;
  /** The models whose events are sent; `*` also for those of no model. */
  models: NamePattern;
  /** Kinds, or beginnings that end in a dot; none for all. */
  kinds: string[];
  format: WebhookFormat;
  enabled: boolean;
  disabledAt: Date | null;
  disabledReason: string | null;
  /** Attempts in a row that were not taken, and since when. */
  failures: number;
  failingSince: Date | null;
  createdAt: Date;
  createdBy: string;
}

/** One row of work a webhook, done while nothing waits: whoever claims it sends what waits. */
export const webhookWork = "webhook";

/** Everything of few. */
export async function listWebhooks({ db }: { db: Database }): Promise<Webhook[]> {
  return (await db.webhook.findMany({ orderBy: { id: "asc" } })).map(recordOf);
}

/** Throws `webhook_not_found`. */
export async function readWebhook({ db }: { db: Database | Transaction }, id: string): Promise<Webhook> {
  const row = isId(id) ? await db.webhook.findUnique({ where: { id } }) : null;
  if (row === null) throw webhookNotFound(id);
  return recordOf(row);
}

/** Holds its work for the rest of the transaction: nobody makes deliveries for it, ends or changes it meanwhile. The lock
 *  comes before all others of a webhook. Throws `webhook_not_found`. */
export async function lockWebhook(tx: Transaction, id: string): Promise<Webhook> {
  if (isId(id))
    await tx.$executeRaw`SELECT 1 FROM work WHERE kind = ${webhookWork} AND subject_id = ${id}::uuid FOR UPDATE`;
  return readWebhook({ db: tx }, id);
}

export function recordOf({ models, format, ...row }: WebhookRow): Webhook {
  return { ...row, models: models as NamePattern, format: format as WebhookFormat, enabled: row.disabledAt === null };
}

function webhookNotFound(id: string): SlipwayError {
  return new SlipwayError("webhook_not_found", `there is no webhook "${id.slice(0, 200)}"`);
}
