import { recordAudit } from "#core/audit/record-audit.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { slipwayActor } from "#core/registry.ts";
import { type Claim, holdClaim, StaleClaim } from "#core/work/work.ts";
import type { WaitingDelivery } from "./next-deliveries.ts";
import { pauseMs } from "./patience.ts";
import type { Outcome } from "./send-message.ts";
import type { Webhook } from "./webhook.ts";

/** Its next attempt, of whoever has the work by then, is never for this delivery. Throws `StaleClaim`. */
export async function recordTaken(
  db: Database,
  claim: Claim,
  { id }: WaitingDelivery,
  { statusCode, tookMs }: Outcome,
): Promise<void> {
  const written = await db.$executeRaw`
    UPDATE webhook_deliveries d
    SET status = 'delivered', attempts = attempts + 1, first_tried_at = coalesce(first_tried_at, now()), tried_at = now(),
        took_ms = ${tookMs}, status_code = ${statusCode}, error = NULL
    FROM work w
    WHERE d.id = ${id}::uuid AND w.id = ${claim.workId}::uuid AND w.attempt = ${claim.attempt} AND w.state = 'running'`;
  if (written === 0) throw new StaleClaim(claim);
}

/** The webhook takes again what it did not take before. */
export async function recordRecovered(db: Database, { subjectId }: Claim): Promise<void> {
  await db.$executeRaw`UPDATE webhooks SET failures = 0, failing_since = NULL WHERE id = ${subjectId}::uuid`;
}

/** Puts the delivery off, or gives it up when it was tried for long enough; disables the webhook when it has taken nothing for
 *  so long, or says that it is gone for good (410). Returns its failures in a row, and whether it is still to be sent to.
 *  Throws `StaleClaim`. */
export async function recordFailure(
  db: Database,
  claim: Claim,
  { webhook, delivery, retryForMs }: { webhook: Webhook; delivery: WaitingDelivery; retryForMs: number },
  { statusCode, error, tookMs, retryAfterMs }: Outcome,
): Promise<{ failures: number; enabled: boolean }> {
  const longEnough = retryForMs / 1_000;
  const waitMs = Math.max(pauseMs(delivery.attempts + 1), retryAfterMs);
  return db.$transaction(async (tx) => {
    await holdClaim(tx, claim);
    await tx.$executeRaw`
      UPDATE webhook_deliveries
      SET status = CASE WHEN first_tried_at < now() - ${longEnough} * interval '1 second' THEN 'failed' ELSE status END,
          attempts = attempts + 1, first_tried_at = coalesce(first_tried_at, now()), tried_at = now(),
          next_at = now() + ${waitMs} * interval '1 millisecond',
          took_ms = ${tookMs}, status_code = ${statusCode}, error = ${error}
      WHERE id = ${delivery.id}::uuid`;
    const [now] = await tx.$queryRaw<{ failures: number; isHopeless: boolean }[]>`
      UPDATE webhooks SET failures = failures + 1, failing_since = coalesce(failing_since, now())
      WHERE id = ${webhook.id}::uuid AND disabled_at IS NULL
      RETURNING failures, failing_since < now() - ${longEnough} * interval '1 second' AS "isHopeless"`;
    if (now === undefined) return { failures: 0, enabled: false };
    const gone = statusCode === 410;
    if (gone || now.isHopeless) {
      const hours = Math.round(retryForMs / 360_000) / 10;
      await disable(
        tx,
        webhook,
        gone ? "it answered 410: gone" : `it took nothing for ${hours} hours; at last: ${error}`,
      );
    }
    return { failures: now.failures, enabled: !gone && !now.isHopeless };
  });
}

async function disable(tx: Transaction, { id, url }: Webhook, reason: string): Promise<void> {
  await tx.webhook.update({ where: { id }, data: { disabledAt: new Date(), disabledReason: reason } });
  await recordAudit(tx, slipwayActor(), {
    action: "webhook.disable",
    object: new URL(url).origin,
    objectId: id,
    model: null,
    before: { enabled: true },
    after: { enabled: false, reason },
  });
}
