import { recordAudit } from "#core/audit/record-audit.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { isId } from "#core/database/ids.ts";
import { invalidCursor, keyOf, type Page, type PageRequest, pageOf, pageSize } from "#core/database/paging.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { sendSoon } from "./set-webhook.ts";
import { lockWebhook, readWebhook } from "./webhook.ts";

export const deliveryStatuses = ["waiting", "delivered", "failed"] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** What became of an event at a webhook; of the attempts the last one. */
export interface Delivery {
  id: string;
  event: { id: string; sequence: bigint; kind: string; subject: string };
  status: DeliveryStatus;
  attempts: number;
  /** Null where nothing more is tried. */
  nextAt: Date | null;
  triedAt: Date | null;
  tookMs: number | null;
  statusCode: number | null;
  error: string | null;
  createdAt: Date;
}

const list = "deliveries";
const event = { select: { id: true, sequence: true, kind: true, subject: true } } as const;

/** The latest first. Throws `webhook_not_found`. */
export async function listDeliveries(
  { db }: { db: Database },
  webhookId: string,
  { status, ...request }: PageRequest & { status?: DeliveryStatus | undefined },
): Promise<Page<Delivery>> {
  await readWebhook({ db }, webhookId);
  const before = keyOf(list, request.cursor);
  if (before !== null && !isId(before)) throw invalidCursor();
  const size = pageSize(request);
  const rows = await db.webhookDelivery.findMany({
    where: {
      webhookId,
      ...(status === undefined ? {} : { status }),
      ...(before === null ? {} : { id: { lt: before } }),
    },
    orderBy: { id: "desc" },
    take: size + 1,
    include: { event },
  });
  return pageOf(list, rows, size, ({ id }) => id, deliveryOf);
}

/** Sends it once more, taken or not, before what waits of its model. Throws `webhook_not_found`, `delivery_not_found`. */
export async function redeliver(
  { db }: Pick<Registry, "db">,
  { webhookId, id }: { webhookId: string; id: string },
  actor: Actor,
  remember: Remember<Delivery> = forget,
): Promise<Delivery> {
  return db.$transaction(async (tx) => {
    const webhook = await lockWebhook(tx, webhookId);
    await readDelivery(tx, webhookId, id);
    await tx.webhookDelivery.update({
      where: { id },
      data: { status: "waiting", attempts: 0, firstTriedAt: null, nextAt: new Date() },
    });
    await sendSoon(tx, webhookId);
    const delivery = await readDelivery(tx, webhookId, id);
    await recordAudit(tx, actor, {
      action: "webhook.redeliver",
      object: new URL(webhook.url).origin,
      objectId: webhookId,
      model: null,
      after: { delivery: id, event: delivery.event.id },
    });
    await remember(tx, delivery);
    return delivery;
  });
}

async function readDelivery(tx: Transaction, webhookId: string, id: string): Promise<Delivery> {
  const row = isId(id) ? await tx.webhookDelivery.findUnique({ where: { id, webhookId }, include: { event } }) : null;
  if (row === null) throw new SlipwayError("delivery_not_found", `this webhook has no delivery "${id.slice(0, 200)}"`);
  return deliveryOf(row);
}

type Row = Omit<Delivery, "status" | "event" | "nextAt"> & {
  status: string;
  nextAt: Date;
  event: Omit<Delivery["event"], "sequence"> & { sequence: bigint | null };
};

function deliveryOf({ event, status, nextAt, ...row }: Row): Delivery {
  return {
    ...row,
    event: { ...event, sequence: event.sequence ?? 0n },
    status: status as DeliveryStatus,
    nextAt: status === "waiting" ? nextAt : null,
  };
}
