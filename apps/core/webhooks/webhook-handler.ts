import type { Logger } from "#core/logger.ts";
import type { Registry } from "#core/registry.ts";
import type { WorkHandler } from "#core/work/run-work.ts";
import { type Claim, closeWork, finishWork, holdClaim, postponeWork, putOffWork } from "#core/work/work.ts";
import { eventMessage } from "./message.ts";
import { nextDeliveries, nextTryMs, type WaitingDelivery } from "./next-deliveries.ts";
import { failuresUntilPause, pauseMs } from "./patience.ts";
import { recordFailure, recordRecovered, recordTaken } from "./record-outcome.ts";
import { sendMessage } from "./send-message.ts";
import { signedHeaders } from "./sign-message.ts";
import { signingSecrets } from "./signing-secrets.ts";
import { recordOf, type Webhook } from "./webhook.ts";

type Needs = Pick<Registry, "db" | "config">;

const batch = 50;
const lanesAtOnce = 4;

/** Sends what waits for one webhook, until nothing does: of each model one event after the other, of different models a few at
 *  once. What is sent is written down after the answer, so a worker that is killed in between sends it once more. An event
 *  that is not taken holds up its model's alone, until five attempts in a row were not taken: then all of the webhook waits
 *  for one message at a time. */
export function webhookHandler(needs: Needs): WorkHandler {
  const { db } = needs;
  return {
    async run(claim, signal, log) {
      for (;;) {
        signal.throwIfAborted();
        const row = await db.webhook.findUnique({ where: { id: claim.subjectId } });
        if (row === null || row.disabledAt !== null) return closeWork(db, claim);
        const webhook = recordOf(row);
        const isAway = webhook.failures >= failuresUntilPause;
        const deliveries = await nextDeliveries(db, webhook.id, isAway ? 1 : batch);
        if (deliveries.length === 0) {
          if (await isOver(needs, claim)) return;
          continue;
        }
        const failures = await sendLanes(needs, { claim, webhook, deliveries, signal, log });
        if (failures >= failuresUntilPause) return putOffWork(db, claim, pauseMs(failures));
      }
    },
    async giveUp(claim) {
      await db.$transaction(async (tx) => {
        await holdClaim(tx, claim);
        await tx.work.update({ where: { id: claim.workId }, data: { lostLeases: 0 } });
        await postponeWork(tx, claim, pauseMs(failuresUntilPause));
      });
    },
  };
}

/** Ends the work, or puts it off until something may be tried again. False where something has come. */
async function isOver({ db }: Needs, claim: Claim): Promise<boolean> {
  return db.$transaction(async (tx) => {
    await holdClaim(tx, claim);
    const inMs = await nextTryMs(tx, claim.subjectId);
    if (inMs === null) await finishWork(tx, claim);
    else if (inMs > 0) await postponeWork(tx, claim, inMs);
    return inMs !== 0;
  });
}

interface Sent {
  claim: Claim;
  webhook: Webhook;
  deliveries: readonly WaitingDelivery[];
  signal: AbortSignal;
  log: Logger;
}

/** Returns the failures in a row, at last. */
async function sendLanes({ db, config }: Needs, { claim, webhook, deliveries, signal, log }: Sent): Promise<number> {
  const secrets = await signingSecrets(db, config.secrets, webhook.id);
  const { retryForMs, networks } = config.webhooks;
  const state = { failures: webhook.failures, stopped: false };

  /** False where it was not taken. */
  const send = async (delivery: WaitingDelivery): Promise<boolean> => {
    const { contentType, body } = eventMessage(delivery.event, webhook.format);
    const headers = {
      "content-type": contentType,
      ...signedHeaders(secrets, delivery.event.id, body, new Date()),
    };
    const sending = { url: new URL(webhook.url), headers, body, networks, ca: config.ca };
    const outcome = await sendMessage(sending, signal);
    if (outcome.taken) {
      await recordTaken(db, claim, delivery, outcome);
      if (state.failures > 0) await recordRecovered(db, claim);
      state.failures = 0;
      return true;
    }
    const { failures, enabled } = await recordFailure(db, claim, { webhook, delivery, retryForMs }, outcome);
    if (failures === failuresUntilPause || !enabled)
      log.warn({ error: outcome.error, disabled: !enabled }, "a webhook takes nothing");
    state.failures = failures;
    state.stopped ||= !enabled || failures >= failuresUntilPause;
    return false;
  };

  const lanes = [...lanesOf(deliveries).values()];
  const sendNext = async (): Promise<void> => {
    for (let lane = lanes.shift(); lane !== undefined; lane = lanes.shift())
      for (const delivery of lane) {
        if (signal.aborted || state.stopped) return;
        if (!(await send(delivery))) break;
      }
  };
  const ended = await Promise.allSettled(Array.from({ length: lanesAtOnce }, sendNext));
  const failed = ended.find((lane) => lane.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return state.failures;
}

function lanesOf(deliveries: readonly WaitingDelivery[]): Map<string, WaitingDelivery[]> {
  const lanes = new Map<string, WaitingDelivery[]>();
  for (const delivery of deliveries) lanes.set(delivery.lane, [...(lanes.get(delivery.lane) ?? []), delivery]);
  return lanes;
}
