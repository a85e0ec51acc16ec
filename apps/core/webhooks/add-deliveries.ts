import { matches, type NamePattern } from "#core/access/name-pattern.ts";
import type { Transaction } from "#core/database/client.ts";
import { newId, zeroId } from "#core/database/ids.ts";
import type { Event } from "#core/events/event.ts";
import { failuresUntilPause } from "./patience.ts";
import { webhookWork } from "./webhook.ts";

interface Subscription {
  id: string;
  models: NamePattern;
  kinds: string[];
}

/** Makes the rows of what is to be sent, in the transaction that numbers the events, and wakes the work of each webhook that
 *  is to send. One that pauses because it takes nothing is left to pause. */
export async function addDeliveries(tx: Transaction, events: readonly Event[]): Promise<void> {
  // Their work is locked first, as by whoever ends or changes them; a plain read of so few tells whether there are any.
  const some = await tx.$queryRaw<unknown[]>`SELECT 1 FROM webhooks WHERE disabled_at IS NULL LIMIT 1`;
  if (some.length === 0) return;
  await tx.$executeRaw`SELECT 1 FROM work WHERE kind = ${webhookWork} ORDER BY subject_id FOR UPDATE`;
  const webhooks = await tx.$queryRaw<Subscription[]>`
    SELECT id, models, kinds FROM webhooks WHERE disabled_at IS NULL`;
  const rows = events.flatMap((event) =>
    webhooks.filter((webhook) => wants(webhook, event)).map((webhook) => ({ webhook, event })),
  );
  if (rows.length === 0) return;
  const webhookIds = rows.map(({ webhook }) => webhook.id);
  await tx.$executeRaw`
    INSERT INTO webhook_deliveries (id, webhook_id, event_id, sequence, lane)
    SELECT * FROM unnest(${rows.map(() => newId())}::uuid[], ${webhookIds}::uuid[],
                         ${rows.map(({ event }) => event.id)}::uuid[], ${rows.map(({ event }) => event.sequence)}::bigint[],
                         ${rows.map(({ event }) => event.modelId ?? zeroId)}::uuid[])`;
  const woken = [...new Set(webhookIds)];
  await tx.$executeRaw`
    UPDATE work w SET state = 'queued', run_after = now(), lost_leases = 0
    FROM webhooks h
    WHERE w.kind = ${webhookWork} AND w.subject_id = h.id AND h.id = ANY (${woken}::uuid[])
      AND (w.state = 'done' OR (w.state = 'queued' AND h.failures < ${failuresUntilPause}))`;
}

/** An event of no model is for who asks for all. */
function wants({ models, kinds }: Subscription, { kind, model }: Event): boolean {
  if (model === null ? models !== "*" : !matches(models, model)) return false;
  return (
    kinds.length === 0 || kinds.some((wanted) => (wanted.endsWith(".") ? kind.startsWith(wanted) : kind === wanted))
  );
}
