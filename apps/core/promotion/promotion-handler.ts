import type { Registry } from "#core/registry.ts";
import { type DueWork, ringAll } from "#core/work/queue.ts";
import type { WorkHandler } from "#core/work/run-work.ts";
import { type Claim, finishWork, holdClaim, postponeWork } from "#core/work/work.ts";
import { pauseMs } from "./promotion-row.ts";
import { holdPromotion, settlePromotion } from "./settle-promotion.ts";

type Needs = Pick<Registry, "db" | "doorbell" | "config">;

/** Looks at a promotion that waits, in one transaction: a worker that is killed leaves it as it was. Who changes what it waits for
 *  holds its model's row, too, and rings. */
export function promotionHandler({ db, doorbell, config }: Needs): WorkHandler {
  const look = async (claim: Claim): Promise<void> => {
    const due = await db.$transaction(async (tx): Promise<DueWork[]> => {
      const held = await holdPromotion(tx, claim.subjectId);
      const settled = held === null ? null : await settlePromotion(tx, config, held);
      await holdClaim(tx, claim);
      if (settled === null || settled.ended) {
        await finishWork(tx, claim);
        return settled?.due ?? [];
      }
      await postponeWork(tx, claim, pauseMs(settled.verdicts, settled.waitsUntil));
      return [];
    });
    await ringAll(doorbell, due);
  };
  return { run: look, giveUp: look };
}
