import { anybody } from "#core/access/caller.ts";
import type { Grants } from "#core/access/roles.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import { requireStorable } from "#core/models/labels.ts";
import { oneLine } from "#core/policies/json-value.ts";
import { policiesFor } from "#core/policies/policies.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { type DueWork, ringAll } from "#core/work/queue.ts";
import { approvingRoles } from "./approving-roles.ts";
import { type Promotion, promotionNotFound, readPromotion } from "./promotion.ts";
import { endPromotion } from "./promotion-row.ts";
import { holdPromotion, settlePromotion } from "./settle-promotion.ts";

export interface NewApproval {
  promotion: string;
  decision: "approved" | "rejected";
  comment: string;
  /** Of whoever decides. */
  grants: Grants;
}

/** Records what one person has decided, bound to the image and to the policies as they stand at this moment; given again it takes
 *  the place of the former. The last approval that was missing moves the tag in the same transaction; a rejection ends the
 *  promotion. Throws `promotion_not_found`, `promotion_ended`, `promotion_own`. */
export async function decidePromotion(
  { db, doorbell, config }: Pick<Registry, "db" | "doorbell" | "config">,
  { promotion: id, decision, comment, grants }: NewApproval,
  actor: Actor,
  remember: Remember<Promotion> = forget,
): Promise<Promotion> {
  requireStorable("comment", comment);
  const { promotion, due } = await db.$transaction(async (tx) => {
    const held = await holdPromotion(tx, id);
    if (held === null) throw promotionNotFound(id);
    const { row, named } = held;
    if (row.status !== "waiting") throw promotionEnded(row.status);
    if (decision === "approved" && row.requestedBy === actor.name)
      throw new SlipwayError(
        "promotion_own",
        `${actor.name} has asked for this promotion, and another has to approve it${actor.name === anybody.name ? ": with SLIPWAY_ACCESS=off there is nobody else" : ""}`,
      );
    const roles = approvingRoles(grants, named.model);
    const policies = (await policiesFor(tx, named)).map((policy) => policy.id);
    const given = { decision, roles, imageDigest: row.imageDigest, policies, comment, at: new Date() };
    await tx.approval.upsert({
      where: { promotionId_approver: { promotionId: id, approver: actor.name } },
      create: { promotionId: id, approver: actor.name, ...given },
      update: given,
    });
    const object = `${named.model}:${named.tag}`;
    const { version, imageDigest } = row;
    await recordAudit(tx, actor, {
      action: decision === "approved" ? "promotion.approve" : "promotion.reject",
      object,
      objectId: id,
      model: named.model,
      after: { version, imageDigest, policies, roles, comment },
    });
    let due: DueWork[] = [];
    if (decision === "rejected") {
      const explanation = `${actor.name} has rejected it${because(comment)}`;
      await endPromotion(tx, { id, named, version }, { status: "refused", explanation }, actor);
    } else {
      const settled = await settlePromotion(tx, config, held);
      if (settled.ended) due = settled.due;
    }
    const promotion = await readPromotion({ db: tx }, id);
    await remember(tx, promotion);
    return { promotion, due };
  });
  await ringAll(doorbell, due);
  return promotion;
}

/** Takes it back before it moves. Cancelling twice is no error. Throws `promotion_not_found`, `promotion_ended`. */
export async function cancelPromotion(
  { db }: Pick<Registry, "db">,
  { promotion: id, reason }: { promotion: string; reason: string },
  actor: Actor,
  remember: Remember<Promotion> = forget,
): Promise<Promotion> {
  requireStorable("reason", reason);
  return db.$transaction(async (tx) => {
    const held = await holdPromotion(tx, id);
    if (held === null) throw promotionNotFound(id);
    const { row, named } = held;
    if (row.status !== "waiting" && row.status !== "cancelled") throw promotionEnded(row.status);
    if (row.status === "waiting") {
      const explanation = `${actor.name} has cancelled it${because(reason)}`;
      await endPromotion(tx, { id, named, version: row.version }, { status: "cancelled", explanation }, actor);
    }
    const promotion = await readPromotion({ db: tx }, id);
    await remember(tx, promotion);
    return promotion;
  });
}

function because(reason: string): string {
  return reason === "" ? "" : `: ${oneLine(reason.slice(0, 500))}`;
}

const howItEnded: Record<string, string> = { moved: "moved its tag", failed: "failed" };

function promotionEnded(status: string): SlipwayError {
  const how = howItEnded[status] ?? `been ${status}`;
  return new SlipwayError("promotion_ended", `this promotion has ${how} already: there is nothing to decide`);
}
