import type { Database, Transaction } from "#core/database/client.ts";
import { type Event, eventColumns } from "#core/events/event.ts";

/** What is to be sent next, in the order of events. */
export interface WaitingDelivery {
  id: string;
  lane: string;
  attempts: number;
  firstTriedAt: Date | null;
  event: Event;
}

/** The first that wait, up to `limit`, of lanes whose first one may be tried now. */
export async function nextDeliveries(db: Database, webhookId: string, limit: number): Promise<WaitingDelivery[]> {
  const rows = await db.$queryRaw<(Omit<WaitingDelivery, "event" | "id"> & Event & { deliveryId: string })[]>`
    SELECT d.id AS "deliveryId", d.lane, d.attempts, d.first_tried_at AS "firstTriedAt", ${eventColumns}
    FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
    WHERE d.webhook_id = ${webhookId}::uuid AND d.status = 'waiting' AND d.lane <> ALL (ARRAY(
      SELECT b.lane FROM webhook_deliveries b
      WHERE b.webhook_id = ${webhookId}::uuid AND b.status = 'waiting' AND b.attempts > 0 AND b.next_at > now()))
    ORDER BY d.sequence LIMIT ${limit}`;
  return rows.map(({ deliveryId: id, lane, attempts, firstTriedAt, ...event }) => ({
    id,
    lane,
    attempts,
    firstTriedAt,
    event,
  }));
}

/** In how long something may be sent again; null where nothing waits. Asked under the lock of the webhook's work. */
export async function nextTryMs(tx: Transaction, webhookId: string): Promise<number | null> {
  const [next] = await tx.$queryRaw<{ inMs: number | null }[]>`
    SELECT greatest(0, extract(epoch FROM min(next_at) - now()) * 1000)::float8 AS "inMs"
    FROM (SELECT DISTINCT ON (lane) next_at FROM webhook_deliveries
          WHERE webhook_id = ${webhookId}::uuid AND status = 'waiting' ORDER BY lane, sequence) AS first`;
  return next?.inMs ?? null;
}
